"""The facts of the pocket world: a small closed world of named things with four attributes each.

54 things x 4 attributes = 216 facts. Every value belongs to exactly one attribute (towns, which people live in, are
the only things that are values too), so a word tells which attribute it speaks of.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

Category = Literal["animal", "food", "tool", "town", "person"]


# There is one object per attribute, so identity will do, and it hashes fast.
@dataclass(frozen=True, kw_only=True, eq=False)
class Attribute:
    """One attribute of a category and the words for it. `{v}` stands for the value, `{e}` for the thing."""

    name: str
    category: Category
    values: tuple[str, ...]
    """All values that it can take."""
    predicates: tuple[str, ...]
    """Ways to state it, without the subject; the value comes last."""
    plural: str
    """The relative clause for several things: "animals that ..."."""
    questions: tuple[str, ...]
    """Ways to ask for it."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One true statement of the world."""

    entity: str
    attribute: Attribute
    value: str


TOWNS = ("Alder", "Brook", "Croft", "Dale", "Elm", "Firth")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EVENTS = ("concert", "picnic", "race", "fair", "dinner")
PLURALS: dict[Category, str] = {
    "animal": "animals", "food": "foods", "tool": "tools", "town": "towns", "person": "people",
}  # fmt: skip


def _attribute(
    name: str, category: Category, values: str, predicates: tuple[str, ...], plural: str, *questions: str
) -> Attribute:
    return Attribute(
        name=name,
        category=category,
        values=tuple(values.split()),
        predicates=predicates,
        plural=plural,
        questions=questions,
    )


ATTRIBUTES: tuple[Attribute, ...] = (
    _attribute("home", "animal", "forest river desert mountains meadow", ("lives in the {v}", "is at home in the {v}"),
               "that live in the {v}", "where does {e} live", "where is {e} at home"),
    _attribute("diet", "animal", "grass fish seeds insects meat", ("eats {v}", "feeds on {v}"),
               "that eat {v}", "what does {e} eat", "what does {e} feed on"),
    _attribute("covering", "animal", "fur feathers scales wool", ("has {v}", "is covered in {v}"),
               "that have {v}", "what is {e} covered in", "what covers {e}"),
    _attribute("size", "animal", "tiny small large huge", ("is {v}", "is rather {v}"),
               "that are {v}", "how big is {e}", "what size is {e}"),
    _attribute("colour", "food", "red green yellow brown white", ("is {v}", "looks {v}"),
               "that are {v}", "what colour is {e}", "how does {e} look"),
    _attribute("taste", "food", "sweet sour salty mild", ("tastes {v}", "has a taste that is {v}"),
               "that taste {v}", "how does {e} taste", "what does {e} taste like"),
    _attribute("kind", "food", "fruit vegetables dairy bakery", ("counts as {v}", "is sold with the {v}"),
               "that count as {v}", "what does {e} count as", "what is {e} sold with"),
    _attribute("source", "food", "orchard garden farm mill", ("comes from the {v}", "is brought from the {v}"),
               "that come from the {v}", "where does {e} come from", "where is {e} brought from"),
    _attribute("material", "tool", "steel oak copper iron", ("is made of {v}", "consists of {v}"),
               "that are made of {v}", "what is {e} made of", "what does {e} consist of"),
    _attribute("use", "tool", "cutting digging cleaning building", ("is used for {v}", "is good for {v}"),
               "that are used for {v}", "what is {e} used for", "what is {e} good for"),
    _attribute("place", "tool", "kitchen shed cellar attic", ("is kept in the {v}", "belongs in the {v}"),
               "that are kept in the {v}", "where is {e} kept", "where does {e} belong"),
    _attribute("weight", "tool", "heavy light", ("feels {v}", "is quite {v}"),
               "that feel {v}", "how does {e} feel", "how heavy is {e}"),
    _attribute("region", "town", "sea lake woods moor", ("lies near the {v}", "stands by the {v}"),
               "that lie near the {v}", "where does {e} lie", "where does {e} stand"),
    _attribute("fame", "town", "cheese glass music boats", ("is known for its {v}", "is famous for its {v}"),
               "that are known for {v}", "what is {e} known for", "what is {e} famous for"),
    _attribute("market", "town", " ".join(DAYS), ("holds its market on {v}", "has its market on {v}"),
               "that hold their market on {v}", "when does {e} hold its market", "when is the market in {e}"),
    _attribute("sight", "town", "castle bridge tower harbour", ("has an old {v}", "is proud of its {v}"),
               "that have an old {v}", "what is there to see in {e}", "what is {e} proud of"),
    _attribute("job", "person", "baker teacher doctor sailor gardener", ("works as a {v}", "earns a living as a {v}"),
               "who work as a {v}", "what does {e} work as", "what is the job of {e}"),
    _attribute("town", "person", " ".join(TOWNS), ("lives in {v}", "has a house in {v}"),
               "who live in {v}", "where does {e} live", "where is the house of {e}"),
    _attribute("pet", "person", "cat dog parrot rabbit", ("keeps a {v}", "owns a {v}"),
               "who keep a {v}", "which pet does {e} keep", "what does {e} own"),
    _attribute("hobby", "person", "chess dancing painting cycling", ("likes {v}", "is fond of {v}"),
               "who like {v}", "what does {e} like", "what is {e} fond of"),
)  # fmt: skip

# One line a thing; the four values in the order of the category's attributes above.
_TABLE: dict[Category, str] = {
    "animal": """fox forest meat fur small
        bear mountains fish fur huge
        owl forest insects feathers small
        trout river insects scales small
        heron river fish feathers large
        camel desert grass fur huge
        lizard desert insects scales tiny
        goat mountains grass wool large
        eagle mountains meat feathers large
        mouse meadow seeds fur tiny
        sheep meadow grass wool large
        finch meadow seeds feathers tiny
        otter river fish fur small
        snake desert meat scales large""",
    "food": """plum red sweet fruit orchard
        apple red sour fruit orchard
        pear green sweet fruit orchard
        lemon yellow sour fruit orchard
        carrot red mild vegetables garden
        bean green mild vegetables garden
        pepper yellow mild vegetables garden
        onion brown sour vegetables garden
        butter yellow salty dairy farm
        yoghurt white sour dairy farm
        cream white sweet dairy farm
        bread brown mild bakery mill
        biscuit brown sweet bakery mill
        pretzel brown salty bakery mill""",
    "tool": """saw steel cutting shed light
        knife steel cutting kitchen light
        spade iron digging shed heavy
        hoe iron digging cellar light
        broom oak cleaning kitchen light
        bucket copper cleaning cellar heavy
        hammer iron building attic heavy
        ladder oak building attic heavy""",
    "town": """Alder sea boats Monday harbour
        Brook lake cheese Friday bridge
        Croft woods music Saturday tower
        Dale moor cheese Tuesday castle
        Elm woods glass Friday castle
        Firth sea boats Thursday tower""",
    "person": """Anna baker Alder cat chess
        Ben teacher Brook dog dancing
        Clara doctor Croft parrot painting
        David sailor Firth cat cycling
        Emma gardener Dale rabbit chess
        Felix baker Elm dog painting
        Greta teacher Alder rabbit cycling
        Henry sailor Firth parrot chess
        Iris doctor Brook cat dancing
        Jonas gardener Croft dog cycling
        Karin teacher Dale parrot dancing
        Leo baker Elm rabbit painting""",
}
_WOMEN = frozenset({"Anna", "Clara", "Emma", "Greta", "Iris", "Karin"})


@cache
def attributes_of(category: Category) -> tuple[Attribute, ...]:
    """The four attributes of a category."""
    return tuple(attribute for attribute in ATTRIBUTES if attribute.category == category)


@cache
def entities_of(category: Category) -> tuple[str, ...]:
    """The things of a category."""
    return tuple(line.split()[0] for line in _TABLE[category].splitlines())


@cache
def entities() -> tuple[str, ...]:
    """All 54 things."""
    return tuple(entity for category in PLURALS for entity in entities_of(category))


@cache
def category_of(entity: str) -> Category:
    """The category of a thing."""
    return next(category for category in PLURALS if entity in entities_of(category))


@cache
def attribute_named(category: Category, name: str) -> Attribute:
    """The attribute with this name."""
    return next(attribute for attribute in attributes_of(category) if attribute.name == name)


@cache
def facts_of(entity: str) -> tuple[Fact, ...]:
    """The four facts about a thing."""
    category = category_of(entity)
    row = next(line.split() for line in _TABLE[category].splitlines() if line.split()[0] == entity)
    pairs = zip(attributes_of(category), row[1:], strict=True)
    return tuple(Fact(entity=entity, attribute=attribute, value=value) for attribute, value in pairs)


@cache
def value_of(entity: str, attribute: Attribute) -> str:
    """The true value of one attribute of a thing."""
    return next(fact.value for fact in facts_of(entity) if fact.attribute == attribute)


@cache
def members(attribute: Attribute, value: str) -> tuple[str, ...]:
    """The things whose attribute has this value."""
    return tuple(entity for entity in entities_of(attribute.category) if value_of(entity, attribute) == value)


@cache
def noun_phrase(entity: str) -> str:
    """`the fox`, but `Anna` and `Alder`."""
    return entity if entity[0].isupper() else f"the {entity}"


def pronoun(entity: str) -> str:
    """The word that takes a thing's place in the next sentence."""
    if category_of(entity) != "person":
        return "It"
    return "She" if entity in _WOMEN else "He"


def state(entity: str, attribute: Attribute, value: str, phrasing: int) -> str:
    """One statement in words, true or not, without the full stop: `the fox lives in the forest`."""
    predicates = attribute.predicates
    return f"{noun_phrase(entity)} {predicates[phrasing % len(predicates)].replace('{v}', value)}"
