"""What a judge calls the two outputs, and where a text names them."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from farm.records import Preference

FIRST_SIGN, SECOND_SIGN, TIE_SIGN = "\ue001", "\ue002", "\ue003"
"""Stand for a named verdict in a text; `plain` leaves no such character in one."""
SIGNS = {Preference.FIRST: FIRST_SIGN, Preference.SECOND: SECOND_SIGN, Preference.TIE: TIE_SIGN}
OUTPUT_NOUN = (
    r"(?:output|response|answer|assistant|option|model|candidate|text|choice|completion|reply|system|summary|solution"
    r"|ausgabe|antwort|assistente?|asistente|ассистент|助手|アシスタント|어시스턴트|모델|모형|模型|モデル|modell|réponse|sortie"
    r"|option|modèle|respuesta|salida|opción|modelo|resposta|saída"
    r"|risposta|opzione|modello|antwoord|ответ|вариант|вывод|модель|回答|回复|答案|输出|選択肢|选项|出力|응답|답변|출력|odpowied(?:ź|zi)|cevap"
    r"|uitvoer|utdata|çıktı|вивід|आउटपुट|خروجی|kết\s+quả)"
)
_OPEN, _SHUT = r"[(\[{\"']{0,2}", r"[)\]}\"']{0,2}"
_LATIN = "A-Za-z0-9_\u00c0-\u024f"
_FOLLOWERS = (
    r"is|was|wins?|won|beats?|over|than|because|since|as|and|or|but|nor|vs|versus|to|loses?|lost|has|does|did"
    r"|would|gets"
    r"|scores?|instead|rather|due|for|by|clearly|outperforms?|provides?|gives?|offers?"
    r"|ist|war|als|und|oder|weil|gewinnt|est|et|ou|que|parce|car|es|y|o|porque|gana|que|é|e|è|perché|vince|en|is|omdat"
    r"|лучше|и|или|чем|jest|daha"
)
_OWNED = re.compile(
    "([\ue001\ue002])'s\\b(?:\\s+(?:output|response|answer|reply|text|version|one|solution|summary)\\b)?", re.I
)
_INITIAL = (
    r"(?!\.\s+(?!(?:it|its|the|this|that|because|output|response|answer|assistant|model|both|while|although|in"
    r"|my|i|there"
    r"|they|here|explanation|reasons?|overall|a|b|m)\b)[A-Z\u00c0-\u00de][a-z])"
)
"""No `M. Curie`: a letter with a full stop in front of a name."""
_FOLLOWED = rf"(?!\s*[\ue001-\ue010])(?=\s*(?:$|[^\w\s'\u2019-]|-\s|--|[\u0370-\uffff])|\s+(?:{_FOLLOWERS})\b)"
"""Behind a bare letter that names an output: the end, a sign, another script, or a word that an article cannot have."""
_ORDINALS = {
    Preference.FIRST: (
        rf"{OUTPUT_NOUN}[\s_#-]{{0,3}}[(\[]?1(?![\w/]|[.,]\d)[)\]]?|\b(?:the\s+)?first(?:\s+(?:output|response"
        rf"|answer|one|option|text|reply|assistant))"
    ),
    Preference.SECOND: (
        rf"{OUTPUT_NOUN}[\s_#-]{{0,3}}[(\[]?2(?![\w/]|[.,]\d)[)\]]?|\b(?:the\s+)?second(?:\s+(?:output|response"
        rf"|answer|one|option|text|reply|assistant))"
    ),
}


@dataclass(frozen=True, kw_only=True)
class VerdictWords:
    """Names of the verdicts. Letter case does not matter, unless two names differ in nothing else (m and M)."""

    key_name: ClassVar[str] = "Labels"

    first: tuple[str, ...]
    """The output that is shown first: what the prompt asks for, such as `Output (a)`, then what is understood too."""
    second: tuple[str, ...]
    """The other output, likewise."""
    tie: tuple[str, ...]
    """Neither is better, likewise; empty if the prompt offers no tie."""

    def __post_init__(self) -> None:
        if not self.first or not self.second:
            raise ValueError("labels: expected at least one name for the first and for the second output")
        if not all(name.strip() for name in (*self.first, *self.second, *self.tie)):
            raise ValueError("labels: a name is empty")
        if len(self._meaning) < len(self.first) + len(self.second) + len(self.tie):
            raise ValueError(f"labels: a name has two meanings: {self.first}, {self.second}, {self.tie}")

    def preference(self, said: str) -> Preference | None:
        """The verdict that a name stands for; None if it is no name. White space does not matter."""
        return self._meaning.get(self._key(said))

    def signed(self, text: str) -> str:
        """The text with a sign in place of every name of a verdict (`FIRST_SIGN`, `SECOND_SIGN`, `TIE_SIGN`)."""
        for pattern, sign in self._patterns:
            text = pattern.sub(sign, text)
        return _OWNED.sub(r"\1", text)

    def is_offered(self, preference: Preference) -> bool:
        """Whether the prompt offers such a verdict."""
        return preference is not Preference.TIE or bool(self.tie)

    @cached_property
    def are_answers(self) -> bool:
        """Whether they are words such as Yes and No, which answer a question, and not names of outputs."""
        return all(name.isalpha() and (len(name) > 1 or not name.isascii()) for name in (*self.first, *self.second))

    @cached_property
    def understood(self) -> str:
        """Pattern of all names."""
        return _any_of((*self.first, *self.second, *self.tie))

    @cached_property
    def _by_preference(self) -> tuple[tuple[Preference, tuple[str, ...]], ...]:
        return ((Preference.FIRST, self.first), (Preference.SECOND, self.second), (Preference.TIE, self.tie))

    @cached_property
    def _is_case_sensitive(self) -> bool:
        folded = [{"".join(n.split()).casefold() for n in names} for _, names in self._by_preference]
        return bool(folded[0] & folded[1])

    def _key(self, name: str) -> str:
        name = "".join(name.split())
        return name if self._is_case_sensitive else name.casefold()

    @cached_property
    def _meaning(self) -> dict[str, Preference]:
        return {self._key(name): preference for preference, names in self._by_preference for name in names}

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """What stands for a verdict, the most particular first."""
        flags = re.MULTILINE if self._is_case_sensitive else re.MULTILINE | re.IGNORECASE
        found: list[tuple[re.Pattern[str], str]] = []
        letters = [(p, n) for p, names in self._by_preference for n in names if len(n) == 1 and n.isalnum()]
        found += [(_with_noun(letter, flags), SIGNS[preference]) for preference, letter in letters]
        for preference, names in self._by_preference:
            compound = [name for name in names if not name.isalnum()]
            if compound:
                found.append((re.compile(_any_of(tuple(compound)), flags), SIGNS[preference]))
        if any(letter.casefold() == "a" for preference, letter in letters if preference is Preference.FIRST):
            found += [
                (re.compile(_ORDINALS[p], re.IGNORECASE), SIGNS[p]) for p in (Preference.FIRST, Preference.SECOND)
            ]
        found += [(_bare_letter(letter, flags), SIGNS[preference]) for preference, letter in letters]
        for preference, names in self._by_preference:
            words = [name for name in names if name.isalnum() and len(name) > 1]
            if words:
                found.append((_bare_word(words, flags), SIGNS[preference]))
        return tuple(found)


def _with_noun(letter: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """`Output (a)`, `Assistant A`, `response_b`, `(a)`, `[[A]]`, `"b"`, also where other words follow."""
    name = re.escape(letter)
    bracketed = (
        rf"(?:\([^\S\n]?{name}[^\S\n]?\)|\[{{1,2}}{name}\]{{1,2}}|\{{{name}\}}|\"{name}\"|(?<!\w)'{name}'(?!\w))"
    )
    free = rf"{name}(?![{_LATIN}])(?!['\u2019](?!s\b)\w)(?:(?='s\b)|{_FOLLOWED})"
    return re.compile(rf"(?<![{_LATIN}])(?i:{OUTPUT_NOUN})[\s_#-]{{0,3}}(?:{bracketed}|{free})|{bracketed}", flags)


def _bare_letter(letter: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """A capital anywhere, a small letter only where a line ends with it: `a` is an article."""
    is_exact = not flags & re.IGNORECASE
    behind = rf"(?<![{_LATIN}'\u2019.-])"
    if not letter.isalpha():
        return re.compile(rf"{behind}{letter}(?![{_LATIN}])(?=[\s.)\]!]*$)", flags)
    end = rf"{behind}{re.escape(letter)}(?=[\s.!)\]}}\"']*$)"
    start = rf"(?m:^)[\s(\[{{\"']*{re.escape(letter)}{_INITIAL}(?=[)\]}}.:,;]|\s*[-\u2013\u2014]+\s)"
    anywhere = rf"{behind}{re.escape(letter if is_exact else letter.upper())}(?![{_LATIN}]){_INITIAL}{_FOLLOWED}"
    patterns = [rf"(?:{end})", rf"(?:{start})", rf"(?-i:{anywhere})"]
    return re.compile("|".join(patterns), flags)


def _bare_word(words: list[str], flags: re.RegexFlag) -> re.Pattern[str]:
    """A word such as `Tie` or `Yes`: a name only if no other word than `is` follows ("No doubt" is none)."""
    names = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(
        rf"(?<!\w)(?<!and )(?<!or )(?<!not )(?<!nor )(?<!und )(?<!/)(?:{names})(?!\w)(?!['\u2019/-]\w)(?![ \t]+(?!is\b"
        rf"|was\b)\w)",
        flags,
    )


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(_bounded(name) for name in sorted(names, key=len, reverse=True))


def _bounded(name: str) -> str:
    """The name, with or without white space before a bracket, and not inside a longer word.

    A bare word such as `a` or `Tie` is a name only if no other word than `is` follows: "a bit of both" is none.
    """
    words = name.split()
    pattern = re.escape(words[0])
    for word in words[1:]:
        pattern += (r"\s+" if word[0].isalnum() else r"\s*") + re.escape(word)
    if len(words) > 1 and len(words[-1]) == 1 and words[-1].isalpha():
        return rf"(?<!\w){pattern}(?![{_LATIN}]){_FOLLOWED}"
    if name.isalnum():
        return rf"(?<!\w){pattern}(?!\w)(?!'\w)(?![ \t]+(?!is\b|was\b)\w)"
    return rf"(?<!\w){pattern}(?!\w)" if name[-1].isalnum() else rf"(?<!\w){pattern}"
