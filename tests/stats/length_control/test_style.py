import numpy as np
import pytest

from farm.stats.bootstrap import Resampling
from farm.stats.length_control.style import FEATURES, OutputStyles, style_controlled_rates, style_features

SETTINGS = Resampling(seed=0, n_resamples=100)
NAN = float("nan")


def styles(length: object, n_headings: object = 0.0, n_list_items: object = 0.0, n_bold: object = 0.0) -> OutputStyles:
    length = np.asarray(length, dtype=np.float64)
    others = (
        np.broadcast_to(np.asarray(x, dtype=np.float64), length.shape) for x in (n_headings, n_list_items, n_bold)
    )
    return OutputStyles(length=length, **dict(zip(("n_headings", "n_list_items", "n_bold"), others, strict=True)))


def outputs(n: int, rng: np.random.Generator, *, headings: float, lists: float) -> OutputStyles:
    """Texts of which longer ones have more of everything."""
    length = rng.lognormal(7, 0.4, n).round()
    return styles(length, rng.poisson(headings * length / 1000), rng.poisson(lists * length / 1000), rng.poisson(2, n))


def test_features_by_hand() -> None:
    # 300 against 100 characters: (300 - 100) / 400 = 1/2. Three headings in 300 and none in 100: a density of .01
    # against 0, .01 / 1.01. Lists: 0 against .02, -.02 / 1.02. Turned round in the second row, so that each feature is
    # +-x, whose standard deviation over the two is x sqrt(2).
    model = styles([300, 100], [3, 0], [0, 2])
    reference = styles([100, 300], [0, 3], [2, 0])
    found = style_features(np.array([1.0, 0.0]), model, reference)
    assert found.reason == ""
    half = 1 / np.sqrt(2)
    assert found.features[0] == pytest.approx(np.array([[half, half, -half, 0], [-half, -half, half, 0]]))
    raw = 0.01 / 1.01
    mixed = style_features(np.ones(3), styles([300, 100, 200], [3, 0, 0]), styles([100, 300, 200], [0, 3, 0]))
    assert mixed.features[0, :, 1] == pytest.approx(np.array([raw, -raw, 0]) / raw)


def test_tokens_and_characters_say_nearly_the_same() -> None:
    rng = np.random.default_rng(0)
    model, reference = outputs(805, rng, headings=2, lists=5), outputs(805, rng, headings=1, lists=3)
    in_tokens = [
        OutputStyles(length=s.length / 4, n_headings=s.n_headings, n_list_items=s.n_list_items, n_bold=s.n_bold)
        for s in (model, reference)
    ]
    scores = (rng.random(805) < 0.4).astype(np.float64)
    characters = style_controlled_rates([scores], [model], [reference], difficulty=None, resampling=None)[0]
    tokens = style_controlled_rates([scores], in_tokens[:1], in_tokens[1:], difficulty=None, resampling=None)[0]
    assert tokens.estimate.value == pytest.approx(characters.estimate.value, abs=0.002)


def test_what_style_does_is_found_and_taken_out() -> None:
    rng = np.random.default_rng(1)
    n = 8000
    model, reference = outputs(n, rng, headings=4, lists=8), outputs(n, rng, headings=1, lists=8)
    features = style_features(np.zeros(n), model, reference).features[0]
    effects = np.array([0.6, 0.9, 0.0, -0.3])
    scores = (rng.random(n) < 1 / (1 + np.exp(-(features @ effects - 0.8)))).astype(np.float64)
    found = style_controlled_rates([scores], [model], [reference], difficulty=None, resampling=SETTINGS)[0]
    # sigmoid(-0.8) = 0.310
    assert scores.mean() > 0.4
    assert found.estimate.value == pytest.approx(0.310, abs=0.025)
    assert [effect.value for effect in found.effects] == pytest.approx(effects.tolist(), abs=0.1)
    assert found.estimate.low < found.estimate.value < found.estimate.high
    assert len(found.effects) == len(FEATURES)


def test_a_model_more_moves_nobody() -> None:
    rng = np.random.default_rng(2)
    first, second, reference = (outputs(400, rng, headings=h, lists=3) for h in (1, 9, 2))
    scores = [(rng.random(400) < p).astype(np.float64) for p in (0.3, 0.6)]
    alone = style_controlled_rates(scores[:1], [first], [reference], difficulty=None, resampling=SETTINGS)
    both = style_controlled_rates(scores, [first, second], [reference] * 2, difficulty=None, resampling=SETTINGS)
    assert both[0].estimate == alone[0].estimate and both[0].effects == alone[0].effects


def test_a_feature_that_neither_side_has_is_left_out() -> None:
    rng = np.random.default_rng(3)
    model, reference = styles(rng.integers(50, 500, 300)), styles(rng.integers(50, 500, 300))
    scores = (rng.random(300) < 0.4).astype(np.float64)
    found = style_controlled_rates([scores], [model], [reference], difficulty=None, resampling=SETTINGS)[0]
    assert found.estimate.value is not None
    assert [effect.value for effect in found.effects[1:]] == [0, 0, 0]


def test_style_that_cannot_be_controlled_for_is_refused_with_the_reason() -> None:
    rng = np.random.default_rng(4)
    lengths, scores = rng.integers(50, 500, 300), (rng.random(300) < 0.4).astype(np.float64)
    cases = [
        (styles(lengths), styles(lengths), "every output is as long as the reference's"),
        (
            styles(np.full(300, 200), 2),
            styles(np.full(300, 100), 0),
            "the difference in headings is the same everywhere",
        ),
        (styles(lengths), styles(np.full(300, NAN)), "the style of the outputs is not known"),
    ]
    for model, reference, sentence in cases:
        found = style_controlled_rates([scores], [model], [reference], difficulty=None, resampling=SETTINGS)[0]
        assert found.estimate.value is None and sentence in found.estimate.reason
    few = style_controlled_rates(
        [np.where(np.arange(300) < 45, scores, NAN)],
        [styles(lengths)],
        [styles(lengths[::-1])],
        difficulty=None,
        resampling=SETTINGS,
    )[0]
    assert "45 parsed verdicts on outputs of known style, at least 50 are needed" in few.estimate.reason


def test_seeds_share_a_reference() -> None:
    rng = np.random.default_rng(5)
    model, reference = outputs(300, rng, headings=2, lists=3), outputs(300, rng, headings=2, lists=3)
    both = OutputStyles(
        **{name: np.stack([getattr(model, name)] * 2) for name in ("length", "n_headings", "n_list_items", "n_bold")}
    )
    scores = (rng.random((2, 300)) < 0.4).astype(np.float64)
    found = style_controlled_rates([scores], [both], [reference], difficulty=None, resampling=SETTINGS)[0]
    alone = [
        style_controlled_rates([s], [model], [reference], difficulty=None, resampling=None)[0].estimate.value
        for s in scores
    ]
    assert found.estimate.value == pytest.approx(sum(alone) / 2)


def test_empty_outputs_are_alike() -> None:
    found = style_features(np.ones(3), styles([0, 0, 10]), styles([0, 20, 0]))
    assert found.features[0, :, 0] == pytest.approx([0, -1, 1])
