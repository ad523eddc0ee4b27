"""The words and signs around a grade in a reply (`farm.judges.parsers.grades` reads them)."""

import re

DIGITS = r"(?<![\d.,])-?\d{1,6}(?:\.\d{1,4}|,\d{1,2}(?!\d))?"
_NO_NUMBER = (
    r"(?![\d%\u2044])(?![.,]\d)(?![a-zA-Z])(?!\s*(?:to|or|bis|oder|ou|o|-|\u2013|\u2014|~|\.\.)\s*-?\d)(?!\s*(?:%"
    r"|percent|per\s*cent))"
)
"""Behind a number: it is neither the beginning of a range nor a share nor an ordinal."""
_OF = r"(?:\s*(?:/|out\s+of|of|von|sur|de|di|van|su|\u5206\u306e|\u6eff\u5206)\s*(?P<top>\d{1,4}(?:[.,]0+)?)(?![\d/]))?"
NUMBER = rf"(?P<number>{DIGITS}){_NO_NUMBER}{_OF}"
COUNTS_NOTHING = (
    r"(?=[^\S\n]*\n|\s*(?:$|[^\w\s]|[\u3000-\uffff])"
    r"|\s+(?:points?|stars?|because|since|for|as|due|given|overall|here|on|in|at|punkte|punti|puntos|weil|car"
    r"|porque)\b)"
)
"""Behind a number in a sentence: it is not the number of something (`7 errors`)."""
LEAD = r"(?:[\s*_`'\":=\[(|>\u2192]|[-\u2013\u2014](?=\s))*"
WORDS = (
    r"(?:grade|score|rating|mark|points?|bewertung|note|punktzahl|punkte|puntuaci\u00f3n|calificaci\u00f3n"
    r"|nota|voto|punteggio|cijfer|\u043e\u0446\u0435\u043d\u043a\u0430|\u0431\u0430\u043b\u043b"
    r"|\u8bc4\u5206|\u5f97\u5206|\u5206\u6570|\u8a55\u4fa1|\u70b9\u6570|\u30b9\u30b3\u30a2|\uc810\uc218|\ud3c9\uc810)"
)
GIVEN = (
    r"(?:scale\s+(?:of|from)\s+\d+\s*(?:to|-)\s*\d+\s*[,:=]|give|rate|assign|award|deserves?|earns?|gets?"
    r"|merits?|receives?|score\s+(?:of|is)|rating\s+(?:of|is)|grade\s+(?:of|is))"
    r"\s+(?:(?:it|this|the|output|response|answer|them|a|an|is|of|one|that|solid|full|clear|at|grade|score"
    r"|rating|my)\s+){0,5}"
)
DENIED = re.compile(
    r"\b(?:not|n't|never|no|cannot|can't|would\s+have|if|unless|between|at\s+least|at\s+most|less\s+than"
    r"|more\s+than|above|below|about|around"
    r"|approximately|roughly|almost|nearly|up\s+to|previous|average|scale|nicht|pas|\u4e0d)\b[^.,:;\n]{0,25}$",
    re.I,
)
_NUMBER_WORDS = dict(
    zero="0", one="1", two="2", three="3", four="4", five="5", six="6", seven="7", eight="8", nine="9", ten="10"
)
_IN_WORDS = re.compile(
    rf"(?P<before>{WORDS}{LEAD}(?:is\s+)?|{GIVEN}(?!one\b))(?P<word>{'|'.join(_NUMBER_WORDS)})\b"
    r"(?!\s*(?:to|or|-|and)\b)",
    re.I,
)
_OUT_OF_TEN = re.compile(rf"(?<![\w.,-])(?P<word>{'|'.join(_NUMBER_WORDS)})\s+out\s+of\s+(?:ten|10)\b", re.I)
NOT_A_GRADE = re.compile(
    r"(?:\b(?:see|cf|compare|cite[sd]?|citing|citations?|references?|refs?|footnotes?|sources?|links?|linked|chapter"
    r"|section|page)\b[^.,:;\n]{0,12}"
    r"|\b(?:probability|chance|odds|ratio|fraction|proportion|equals?|the\s+(?:correct\s+)?(?:answer|result|sum)\s+is)\b"
    r"[^.,:;\n]{0,60}|\b(?:on|dated?|born|until|since|by|before|after|from)\s+(?:the\s+)?)$",
    re.I,
)
"""In front of a footnote, a date or a fraction."""


def in_digits(text: str) -> str:
    """The text with digits for the number words that give a grade: `Grade: seven`, "four out of ten"."""
    text = _OUT_OF_TEN.sub(lambda match: f"{_NUMBER_WORDS[match['word'].casefold()]}/10", text)
    return _IN_WORDS.sub(lambda match: match["before"] + _NUMBER_WORDS[match["word"].casefold()], text)
