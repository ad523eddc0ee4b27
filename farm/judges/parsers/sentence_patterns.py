"""The sentences that decide between two outputs, as patterns of the lexicon's words and signs in place of names.

What a match means, and what takes it back, stands in `farm.judges.parsers.statements`.
"""

import re

from farm.judges.parsers import lexicon as w

STRONG_SIGN = "\ue010"
"""In front of a name that stood in double square brackets."""

_L1, _L2 = f"(?P<first>{w.OUTPUT})", f"(?P<second>{w.OUTPUT})"
_ARTICLE = r"(?:the\s+|that\s+|for\s+|die\s+|la\s+|le\s+|el\s+|l'|a\s+|o\s+|il\s+|de\s+)?"
_PREFIX = '^(?P<prefix>[^\ue001-\ue003\ue010\n:"]{0,140}?)'
_PARTICLE = r"(?:的|が|は|の方が|のほうが|の方は|を|가|이|는|은|쪽이|을|를)?"
_END = (
    rf"(?P<end>\s*$|\s*[.!;,:)\]\"'(]|\s+[-\u2013\u2014]|\s*(?:です|だ|である|と思います|と判断します|습니다|입니다|다|です。)"
    rf"|\s*\b(?:{w.REASON})|\s*(?:{w.REASON}))"
)
_BETTER_NOUN = (
    r"(?:\s+(?:output|response|answer|one|option|choice|text|reply|candidate|assistant|model|ausgabe|antwort"
    r"|réponse|respuesta|resposta|risposta|ответ))?"
)
_WHOM = rf"(?:{w.WHO}(?:(?:\w+ly|therefore|thus|hence|hereby|still|also|now)\s+)?)"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


TWO = tuple(
    (_compiled(_PREFIX + pattern), winner)
    for pattern, winner in (
        (
            rf"{_L1}\s*(?:is|was)(?:n't|\s+not)\s+(?:quite\s+|nearly\s+)?(?:as|so)\s+"
            rf"(?:good|strong|helpful|accurate|useful|clear|complete)\s+as\s+{_L2}{_END}",
            "second",
        ),
        (
            rf"{_L1}{_PARTICLE}\s*{w.IS}?\s*{w.ADVERB}{w.BETTER}{_BETTER_NOUN}\s*,?\s*{w.THAN}\s*{_ARTICLE}{_L2}{_END}",
            "first",
        ),
        (rf"{_L1}\s*{w.IS}?\s*{w.ADVERB}{w.WORSE}{_BETTER_NOUN}\s*,?\s*{w.THAN}\s*{_ARTICLE}{_L2}{_END}", "second"),
        (rf"{_L1}\s*{w.ADVERB}{w.BEATS}\s*{_ARTICLE}{_L2}{_END}", "first"),
        (rf"{_L1}\s*{w.ADVERB}{w.LOSES}\s*{_ARTICLE}{_L2}{_END}", "second"),
        (rf"{_L1}\s*>{{1,3}}\s*{_L2}{_END}", "first"),
        (rf"{_L1}\s*<{{1,3}}\s*{_L2}{_END}", "second"),
        (
            rf"(?:{_WHOM}|(?<![^,;]\s)){w.CHOOSE}\s*{_ARTICLE}{_L1}\s*,?\s*(?:{w.OVER}|to|than)\s*{_ARTICLE}{_L2}{_END}",
            "first",
        ),
        (rf"compared\s+(?:to|with)\s+{_L1}\s*,\s*{_L2}\s*{w.IS}\s*{w.ADVERB}{w.BETTER}{_END}", "second"),
        (rf"compared\s+(?:to|with)\s+{_L1}\s*,\s*{_L2}\s*{w.IS}\s*{w.ADVERB}{w.WORSE}{_END}", "first"),
        (rf"{_L1}\s*,?\s*(?:{w.OVER})\s*{_ARTICLE}{_L2}{_END}", "first"),
        (rf"{_L1}\s*[比較较]\s*{_L2}\s*{w.ADVERB}(?:{w.BETTER}|好)", "first"),
        (rf"{_L1}\s*(?:は|が|の方が|のほうが)\s*{_L2}\s*より(?:も)?\s*.{{0,8}}?{w.BETTER}", "first"),
        (rf"{_L2}\s*より(?:も)?[、,]?\s*{_L1}\s*(?:の方が|のほうが|が|は)\s*.{{0,8}}?{w.BETTER}", "first"),
        (rf"{_L1}\s*(?:가|이|는|은)\s*{_L2}\s*보다\s*.{{0,8}}?{w.BETTER}", "first"),
        (rf"{_L2}\s*보다(?:는)?\s*{_L1}\s*(?:가|이|는|은|쪽이)\s*.{{0,8}}?{w.BETTER}", "first"),
    )
)
IS_BETTER = _compiled(rf"{_L1}\s*{w.IS}\s*{w.ADVERB}{w.BETTER}\s*{w.THAN}\s*{_L2}")
_NAME = f"(?P<name>{w.OUTPUT})"
_IT_IS = r"(?:it's|it\s+is|it\s+has\s+to\s+be|it\s+must\s+be|it\s+would\s+be|that\s+would\s+be)"
_LEAD_WORD = (
    r"(?:i\s+(?:think|believe|say|guess|meant?)|i'd\s+say|definitely|clearly|certainly|probably|hence|thus|so|therefore"
    r"|overall|on\s+balance|in\s+the\s+end|all\s+in\s+all|typo|my\s+mistake"
    r"|finally|absolutely|surely|wait|actually|hmm|well|sorry|okay|ok|correction|rather|or\s+rather)"
)
ONE = tuple(
    _compiled(pattern)
    for pattern in (
        rf"{_PREFIX}{_NAME}{_PARTICLE}\s*{w.IS}\s*{w.ADVERB}{w.BETTER}{_BETTER_NOUN}{_END}",
        rf"{_PREFIX}{_NAME}{_PARTICLE}\s*{w.ADVERB}(?:{w.BETTER}(?<=[\u0370-\uffff]))",
        rf"{_PREFIX}{_NAME}\s*{w.ADVERB}{w.WINS}{_END}",
        rf"{_PREFIX}{_NAME}\s*(?:is|was|ist|est|es)\s*(?:my|the|mein|meine|ma|mon|mi)\s*(?:final\s+|clear\s+|right\s+"
        rf"|overall\s+)?(?:choice|pick|preference|winner|answer|verdict|selection|wahl|favorit|choix"
        rf"|elección){_END}",
        rf"{_PREFIX}{_WHOM}{w.CHOOSE}\s*{_ARTICLE}{_NAME}{_END}",
        rf"{_PREFIX}{_WHOM}(?:consider|find|deem|judge|rate)\s+{_NAME}"
        rf"\s*(?:to\s+be\s+)?{w.ADVERB}{w.BETTER}{_BETTER_NOUN}{_END}",
        rf"^(?P<prefix>(?:(?:so|hence|thus|therefore|then|overall),?\s+)?)"
        rf"(?:choose|pick|go\s+with|select|prefer)\s+{_NAME}\s*[.!]*$",
        rf"^(?P<prefix>(?:a\s+|(?:an?\s+)?(?:slight|clear|strong|mild|small|marginal)\s+)?)(?:preference|edge|advantage)\s+"
        rf"(?:for|to)\s+{_NAME}{_END}",
        rf"^(?P<prefix>)(?:the|my)\s+(?:point|win|edge|nod)\s+goes\s+to\s+{_NAME}{_END}",
        rf"^(?P<prefix>(?:so|then)?,?\s*){_NAME}\s*(?:,\s*then|it\s+is)\s*[.!]*$",
        rf"^(?P<prefix>[^\ue001-\ue003\ue010\n:\"]{{0,80}},\s+)(?:overall|on\s+balance)\s*[:,]\s*{_NAME}\s*[.!]*$",
        rf"{_PREFIX}(?:elijo|escojo|prefiero|prefiro|escolho|scelgo|preferisco|opto\s+por|выбираю|选择|選択)\s*(?:por\s+)?"
        rf"{_ARTICLE}{_NAME}{_END}",
        rf"{_PREFIX}{_NAME}\s*(?:lieber\s*)?{w.CHOOSE_BEHIND}",
        rf"{_PREFIX}{w.MARKER_DRESS}{w.BEST_NOUN}\s*(?:is|was|:|would\s+be|ist|est|es|é|è|это|是|は|은"
        rf"|는)\s*{_ARTICLE}{_NAME}{_END}",
        rf"^(?P<prefix>){_NAME}\s*,?\s*(?:{w.REASON})(?!\s*(?:output|response|answer|one|option|choice|text"
        rf"|reply|assistant)?\s*$)",
        rf"^(?P<prefix>){_NAME}\s*[,;\u2013\u2014-]\s*(?:it\s+is|it's|which\s+is\s+(?:\w+\s+)?better"
        rf"|not\s+{w.OUTPUT}|by\s+(?:a|far))",
        rf"^(?P<prefix>(?:(?:{_LEAD_WORD}[,:]?\s+){{1,3}}(?:{_IT_IS}\s+)?|{_IT_IS}\s+)){_NAME}(?!\s*:){_END}",
        rf"{_PREFIX}{w.BETTER}\s*\w{{0,2}}(?:のは|なのは|的是|的为)\s*{_NAME}",
    )
)
MARKER = _compiled(
    rf"{_PREFIX}{w.MARKER_DRESS}(?:{w.VERDICT_NOUN}|{w.BEST_NOUN})"
    rf"(?:\s*(?:is|of\s+the\s+two|overall|finale?|\((?:a|b|1|2|a/b|final)\)))?{w.SEPARATOR}(?P<rest>.*)$"
)
STATED = _compiled(
    rf"^{_ARTICLE}[\s\"'(\[{{]*(?P<name>{w.LABEL})[\s\"')\]}}]*"
    rf"(?:{_END}|\s*(?:is|was)\s+{w.ADVERB}{w.BETTER}|\s*{w.WINS})"
)
BARE = _compiled(rf"[\s\"'(\[{{|<]*(?:option\s+|choice\s+)?(?P<name>{w.LABEL})[\s\"')\]}}|>.,!;]*")
TIE = _compiled(
    rf"{_PREFIX}(?:{w.OUTPUT}{w.EQUAL}{w.OUTPUT}\s*(?:are|is|sind|sont|son|,)?\s*)?{w.TIE}\s*(?:$|[.!;:,)(]"
    rf"|[-\u2013\u2014]|\b(?:{w.REASON}|between)\b)"
)
EQUALS = _compiled(rf"^\s*{_L1}\s*={{1,2}}\s*{_L2}\s*[.!]*$")
WORSE_OF_TWO = _compiled(
    rf"{_PREFIX}{_NAME}\s*{w.IS}\s*the\s+{w.WORSE}\s*(?:of\s+the\s+(?:two|pair)|one|output|response|answer){_END}"
)
STRONG = _compiled(f"{STRONG_SIGN}(?P<name>{w.LABEL})")
IN_FRONT = _compiled(
    rf"(?:\b(?:{w.VERDICT_NOUN}|{w.BEST_NOUN})\s*(?:is|:|=)*|\b(?:settle|decide)\s+on"
    rf"|^overall\b[^\ue001-\ue003\ue010]*[:,])\s*$"
)
"""In front of a name in double square brackets that is the verdict, whatever other names are mentioned."""
DENIED = _compiled(f"{w.NEGATION}|{w.CONDITION}|{w.REPORTED}|{w.ASPECT}")
NEGATED = _compiled(f"{w.NEGATION}|{w.CONDITION}")
ANSWERED = _compiled(rf"^[\s\"']*{_NAME}\s*[,.:;!\u2013\u2014-](?!.*{w.OUTPUT})")
UNDECIDED = _compiled(w.UNDECIDED)
FORCED = _compiled(w.HEDGED_FORCED)
HYPOTHETICAL = _compiled(
    rf"{w.NEGATION}|\b(?:would|could|should|might)\s+have\b|\bif\b|\bunless\b|\binstead\s+of\b|\brather\s+than\b"
    r"|\b(?:contains?|says?|claims?|writes?|demands?|wants?|asks?|format|example)\b"
)
FOR_AN_ASPECT = _compiled(r"\s*(?:(?:would|could|might)\s+be\b|for\s+(?!(?:being|its|the|this|these|that|me|my)\b))")
CERTAINLY = _compiled(
    r"\b(?:no|without(?:\s+an?y?)?|beyond(?:\s+an?y?)?)\s+(?:contest|question|doubt|competition)\b|\bhands\s+down\b"
)
WHY = _compiled(
    r"\b(?:whose|because|since|as|due|for|given|although|though|weil|denn|parce|car|porque|perché|omdat|потому)\b|因为"
    r"|ので|ため|:\s"
)
LEAD = (
    _compiled(r"^(?:reason(?:ing|s)?|explanation|justification|rationale)\s*:\s*"),
    _compiled(r"^(?:(?:i\s+have|there\s+is|there's)\s+no|without\s+an?y?)\s+(?:doubt|question)(?:\s+that|,)\s+"),
    _compiled(
        rf"^(?:unlike|in\s+contrast\s+to|instead\s+of|rather\s+than)\s+{w.OUTPUT}(?:,\s+which\s+[^,]{{1,60}})?,\s+"
    ),
    _compiled(
        r"^(?:in\s+(?:short|sum|summary|conclusion|brief)|summary|bottom\s+line|tl;?\s*dr|conclusion|overall"
        r"|to\s+sum\s+up"
        r"|final\s+(?:thoughts?|assessment)|assessment|comparison)\s*[:,-]\s*"
    ),
    _compiled(
        rf"^(?:between|of|among|comparing|considering|having\s+compared|after\s+comparing|looking\s+at|given"
        rf"|von|entre|zwischen)\s+(?:the\s+two,?\s+(?:outputs,?\s+)?)?{w.OUTPUT}\s*(?:and|with|to|vs\.?|versus"
        rf"|or|,|/|und|et|y)\s*{w.OUTPUT}\s*"
        rf",?\s*"
    ),
    _compiled(
        rf"^(?:although|though|while|even\s+though|whereas|despite|obwohl|bien\s+que|aunque)\b.*,"
        rf"\s*(?=(?:[^\s,]+\s+){{0,4}}{w.OUTPUT})"
    ),
)
