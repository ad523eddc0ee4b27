"""The words of the grammar of verdicts (`farm.judges.parsers.grammar`), in the languages that judges slip into.

Patterns to be read without regard to letter case. A word that is missing here costs a verdict; none makes one up, for a
statement needs a form as well.
"""

NOT_LATIN = r"[\u0370-\uffff]"
LABEL = "[\ue001\ue002\ue003]"
OUTPUT = "[\ue001\ue002]"

ADVERB = (
    r"(?:(?:the|a|an|much|far|a\s+bit|a\s+little|a\s+lot|somewhat|slightly|clearly|still|just|simply|also"
    r"|overall|even|by\s+far"
    r"|indeed|thus|therefore|hence|(?!equally|hardly|barely|scarcely|nearly|possibly|arguably|supposedly|allegedly|only"
    r"|reportedly|probably\s+not)[a-z]+ly|deutlich|etwas|klar|viel|weit|die|der|das|la|le|el|un\s+peu|bien"
    r"|nettement|clairement"
    r"|daher|deshalb|darum|somit|claramente|mucho|un\s+poco|ligeramente|muito|a|o|molto|nettamente|il|de|het|veel|duidelijk|явно|намного|чуть"
    r"|немного|明显|稍微|略|稍|明顯|要|就|より|明らかに|更|还|훨씬|더|조금)\s*){0,3}"
)
BETTER = (
    r"(?:better(?!\s+(?:written|organi[sz]ed|structured|formatted|worded|explained|known|than\s+(?:average"
    r"|nothing|expected)))"
    r"|best(?!\s+(?:in|at|for|with|when|practice))|superior|stronger|strongest|preferable|preferred|favou?red"
    r"|winner|winning"
    r"|(?:more|most)\s+(?:suitable|preferable|desirable)|first\s+choice"
    r"|besser|bessere|beste|überlegen|vorzuziehen|meilleure?|préférable|supérieure?|mejor|preferible|superior"
    r"|melhor|preferível|migliore|preferibile|beter|лучше|лучший|лучшая|предпочтительнее|победитель"
    r"|更好|更优|更佳|較好|更優|较好|最好|最佳|更胜一筹|更合适|优胜|優れてい|優秀|良い|よい|いい|勝者|好ましい"
    r"|낫|우수|더\s*좋|더\s*나은|뛰어나|lepsz[aey]|daha\s+iyi|أفضل|बेहतर|tốt\s+hơn|lebih\s+baik|bättre|bedre|parempi|lepší)"
)
WINS = (
    r"(?:wins?|won|is\s+ahead|prevails?|gets\s+my\s+vote|is\s+the\s+(?:one|output|response|answer)\s+(?:to\s+(?:choose|pick|prefer|go\s+with)|i\s+(?:choose|pick|prefer))"
    r"|(?:has\s+)?(?:produce[ds]|gave|gives|provide[ds]|wrote|written|offer(?:s|ed)|deliver(?:s|ed))\s+(?:the|a)"
    r"\s+(?:\w+ly\s+|much\s+|far\s+)?(?:better|best|superior|stronger)\s+(?:output|response|answer|one|text|reply)|takes\s+(?:it|the\s+win)|comes\s+out\s+(?:ahead"
    r"|on\s+top)|gewinnt"
    r"|siegt|gagne|l'emporte|gana|vence|vince|wint|побеждает|胜出|获胜|赢|胜|の勝ち|が勝ち|이겼|승리|wygrywa|kazan)"
)
WORSE = (
    r"(?:worse|worst|inferior|weaker|weakest|less\s+(?:good|helpful|suitable|preferable)|schlechter|unterlegen"
    r"|pire|moins\s+bonne?"
    r"|inférieure?|peor|inferior|pior|peggiore|slechter|хуже|更差|较差|更糟|劣っ|劣る|悪い|못하|나쁘|gorsz[aey]|daha\s+kötü|أسوأ)"
)
IS = (
    r"(?:is|was|are|would\s+be|seems|appears|appears\s+to\s+be|seems\s+to\s+be|remains|ist|war|est|es|é|è|is|jest|är|это"
    r"|—|:)"
)
THAN = r"(?:than|to|als|que|di|del|della|чем|compared\s+(?:to|with)|dan|niż|od|de\s+lo\s+que)"
OVER = (
    r"(?:over|rather\s+than|instead\s+of|in\s+preference\s+to|above|ahead\s+of|statt|anstatt|plutôt\s+que"
    r"|antes\s+que|en\s+lugar\s+de|а\s+не|而不是|, ?not|and\s+not)"
)
BEATS = (
    r"(?:beats?|outperforms?|outdoes|wins?\s+(?:over|against)|defeats?|surpasses|exceeds|is\s+ahead\s+of"
    r"|edges?\s+out|trumps"
    r"|schlägt|übertrifft|bat|surpasse|l'emporte\s+sur|supera|vence|batte|verslaat|превосходит|побеждает|优于|胜过"
    r"|强于|好于|优於|勝過)"
)
LOSES = (
    r"(?:(?:is\s+)?(?:\w+ly\s+)?(?:outperformed|beaten|surpassed|outdone)\s+by|is\s+no\s+match\s+for"
    r"|loses?\s+(?:to|against)|is\s+beaten\s+by|falls?\s+short\s+of|不如|逊于|比不上|差于|劣于|уступает|проигрывает"
    r"|verliert\s+gegen)"
)

CHOOSE = (
    r"(?:prefer|choose|chose|pick|picked|select|selected|go\s+with|going\s+with|go\s+for|going\s+for|stick\s+with|settle\s+(?:on|for)|find\s+in\s+favou?r\s+of|vote\s+for|vote|favou?r"
    r"|lean\s+(?:towards?|to)"
    r"|leaning\s+(?:towards?|to)|recommend|side\s+with|opt\s+for|take|give\s+(?:it|this|the\s+(?:win|edge|nod"
    r"|point))\s+to"
    r"|award\s+(?:it|this|the\s+win)\s+to|rank|declare|keep|say|wähle|nehme|bevorzuge|entscheide\s+mich\s+für"
    r"|préfère|choisis"
    r"|opte\s+pour|prefiero|elijo|escojo|prefiro|escolho|preferisco|scelgo|kies|verkies|выбираю|предпочитаю"
    r"|选择|选|偏好|更喜欢|倾向于|選択|選|wybieram)"
)
CHOOSE_BEHIND = (
    r"(?:選びます|選ぶ|選択します|を選|を支持|선택합니다|선택|고르|고릅니다"
    r"|wählen|vorziehen|bevorzugen|nehmen|choisir|elegir|seçiyorum|tercih)"
)
WHO = (
    r"(?<![A-Za-z0-9])(?:(?:i|we|i'd|i'll|i'm|we'd|i\s+(?:would|will|must|do|am|have\s+to|choose\s+to)|we\s+(?:would|will"
    r"|must)|ich|ich\s+würde"
    r"|je|j'|yo|eu|io|ik|я|我|我们|我会|我的|本人|me|going\s+to|(?<!\w\s)would|i\s+\w+ly\s+would|let's|let\s+me)\s*,?\s*)"
)

VERDICT_NOUN = (
    r"(?:verdict|veredict|answer|choice|ranking|winner|decision|judge?ment|conclusion|preference|pick"
    r"|selection|vote|result"
    r"|preferred|better"
    r"|urteil|antwort|entscheidung|fazit|gewinner|sieger|réponse|choix|gagnante?|verdicte|décision|préférence"
    r"|veredicto|veredito|respuesta"
    r"|elección|ganador|ganadora|decisión|resposta|vencedor|vencedora|escolha|decisão|risposta|verdetto|scelta"
    r"|vincitore|decisione"
    r"|antwoord|keuze|oordeel|winnaar|beslissing|ответ|вердикт|решение|выбор|победитель|итог|вывод|答案|结论|判断|判定"
    r"|选择|裁决|胜者|结果|判决|評価|裁定"
    r"|結論|答え|回答|勝者|選択|判斷|選擇|정답|답|결론|판정|승자|선택|평가|werdykt|odpowiedź|wybór|zwycięzca|cevap|sonuç|karar|kazanan"
    r"|الحكم|الإجابة|الجواب"
    r"|निर्णय|उत्तर|kết\s+luận|jawaban|jawaban|svar|vastaus)"
)
BEST_NOUN = (
    r"(?:(?:better|best|preferred|winning|superior|stronger|chosen|selected|bessere|beste|meilleure?|mejor"
    r"|melhor|migliore"
    r"|лучший|更好的|较好的|最好的|より良い|良い|더\s*나은|더\s*좋은)\s*"
    r"(?:output|response|answer|option|one|candidate|assistant|model|modell|modelo|modello|modèle|模型|モデル|모델"
    r"|choice|text|reply|ausgabe|antwort|réponse"
    r"|sortie|respuesta"
    r"|salida|resposta|risposta|ответ|вариант|回答|输出|答案|是|応答|出力|方|응답|답변|것)?)"
)
MARKER_DRESS = (
    r"(?:(?:my|the|so|thus|final|finale?|overall|here\s+is|this\s+is|and|our|judge's|a|mein|meine|das|die|ma|mon"
    r"|la|le|mi|el|a|o|il|mia|finale|final|définitif|最终|最終|我的|итоговый|окончательный|최종"
    r"|final\s+and\s+only)\s*){0,4}"
)
SEPARATOR = (
    r"(?:\s*(?:\b(?:is|was)\s+(?:from|by|produced\s+by|written\s+by|given\s+by|generated\s+by|that\s+of)\b|:"
    r"|=>|->|=|-{1,2}|\u2013|\u2014|\bis\b|\bwould\s+be\b|\bwas\b|\|{1,2}|\blautet\b|\bgoes\s+to\b|\bist\b"
    r"|\best\b|\bes\b"
    r"|\b\u00e9\b|\b\u00e8\b|\bto\b|\bэто\b|是|为|為|は|:|은|는)\s*){1,2}"
)

TIE = (
    r"(?:(?:it(?:'s|\s+is|\s+was)?|this\s+is|(?:i|i'd|i'll|i\s+would|i\s+will)\s+(?:say|call)(?:\s+(?:it|this))?|i\s+(?:call|declare)\s+(?:it|this)|(?:the\s+)?(?:two"
    r"|both)(?:\s+\w+)?(?:\s+are|\s+is)?|they(?:'re|\s+are)|both\s+are|the\s+(?:two\s+)?(?:outputs|responses"
    r"|answers)\s+are"
    r"|es\s+ist|c'est|es|é|è|это|是|两者|両方|둘\s*다)\s*)?(?:(?:essentially|basically|effectively|about|roughly"
    r"|exactly|clearly|a|an|ein|une?|un|um)\s+)*"
    r"(?:\ue003|tie|tied|draw|(?<=call it )even"
    r"|dead\s+heat|equal|equally\s+(?:good|strong|bad|helpful|well|matched|correct"
    r"|useful|valid|poor|weak)|of\s+equal\s+quality"
    r"|the\s+same\s+quality|on\s+a\s+par|on\s+par|unentschieden|gleich\s*gut|gleichauf|gleichwertig|égalité"
    r"|équivalentes?|empate|igual\s+de\s+buen[ao]s|pareggio|gelijkspel|ничья|одинаково\s+хороши|平局|平手|一样好|同样好"
    r"|不分上下|不相上下"
    r"|引き分け|同等|互角|무승부|동점|비김|remis|berabere|تعادل|बराबर)(?:\s*です|입니다|\s*at\s+all)?"
)
EQUAL = r"(?:\s*(?:=|==|and|und|et|y|и|和|与|と|&)\s*)"

NEGATION = (
    r"(?:\bnot\b|n't\b|\bno\b|\bnever\b|\bnone\b|\bneither\b|\bnor\b|\bhardly\b|\bbarely\b|\bscarcely\b"
    r"|\bwithout\b|\bfails?\b|\bfar\s+from\b"
    r"|\banything\s+but\b|\brefuse|\bdecline|\bunable\b|\bcannot\b|\bwrong\b|\bfalse\b|\bincorrect\b"
    r"|\buntrue\b|\bmistake\b|\bdoubt|\bdisagree|\bdeny\b|\bless\b"
    r"|\bnicht\b|\bkeine?\w?\b|\bweder\b|\bni\b|\bpas\b|\bne\b|\bn'|\bnon\b|\bno\b|\bnão\b|\bnem\b"
    r"|\bninguna?\b|\bnenhuma?\b|\bnessun\w?\b|\bné\b|\bniet\b|\bgeen\b|\bне\b|\bни\b|\bнет\b|\bнельзя\b"
    r"|не\s*могу"
    r"|不|没|無法|无法|非|難|难|ない|ません|ぬ|않|아니|없|못|\bnie\b|\bdeğil|ليس|\bلا\b|नहीं|\bkhông\b|\btidak\b|\binte\b|\bikke\b)"
)
CONDITION = (
    r"(?:\bif\b|\bunless\b|\bwhen\b|\bwere\b|\bprovided\s+that\b|\bassuming\b|\bdepend|\bwhether\b|\bsuppose"
    r"|\bcould\b|\bmight\b|\bmay\b|\bperhaps\b|\bmaybe\b"
    r"|\barguably\b|\bpossibly\b|\bshould\s+have\b|\bwould\s+have\b|\balmost\b|\b(?:was|were)\s+(?:going|about"
    r"|tempted)\s+to\b|\bnearly\b|\bused\s+to\b"
    r"|\bwenn\b|\bfalls\b|\bob\b|\bvielleicht\b|\bje\s+nachdem\b|\bdépend|\bpeut-être\b"
    r"|\bsi\b|\bse\b|\bcaso\b|\btalvez\b|\bquizá|\bтolько\s+если\b|\bесли\b|\bзависит\b|\bвозможно\b|\bможет\b"
    r"|如果|若|取决|也许|可能|是否|还是|もし|なら|かもしれ|場合|만약|다면|수도|경우)"
)
REPORTED = (
    r"(?:\bsaid\b|\bsays?\b|\bstates?\b|\bstated\b|\bclaims?\b|\bclaimed\b|\bargues?\b|\basks?\b|\basked\b"
    r"|\btells?\b|\btold\b|\bwrites\b|\bwrote\b|\bquotes?\b|\bsome\b|\bsomeone\b|\bpeople\b|\bmany\b"
    r"|\bothers\b|\bothers?\s+think\b"
    r"|\bi\s+(?:have\s+)?considered\b|\bat\s+first\b|\bmy\s+first\b|\bfirst\s+thought\b|\binitially\b|\bat\s+a\s+glance\b|\bfirst\s+glance\b"
    r"|\bthe\s+instructions?\s+(?:says?|asks?|was|is|tells?)\b|\bthe\s+prompt\b|\bignore\b|\brepl(?:y|ies)\b"
    r"|\brespond\s+with\b"
    r"|\boutput\s+only\b|\bexample\b|\bfor\s+instance\b"
    r"|\bexpected\b|\bone\s+could\b|\bone\s+might\b|\bone\s+would\b|\byou\b|\bshould\s+(?:i|we|be|say)\b"
    r"|\blet\s+us\s+(?:see|compare)\b|\bcompare\b|\bcomparing\b|\bevaluat|\bwhich\b|\bwhat\b|\bwhy\b|\bhow\b"
    r"|\blonger\b|\bshorter\b"
    r"|\b(?:metrics|critics|readers|reviewers|raters|annotators|judges|colleagues?|everyone|everybody)\b"
    r"|\b(?:an?|any|another)\s+(?:\w+\s+)?(?:judge|reader|critic|reviewer|expert|person|rater)\s+(?:would|might|may)\b)"
)
ASPECT = (
    r"(?:\bin\s+terms\s+of\b|\bregarding\b|\bwith\s+(?:respect|regard)\s+to\b|\bwhen\s+it\s+comes\b"
    r"|\bas\s+for\b|\bas\s+to\b|\bon\s+(?:the\s+(?:one|other)\s+hand|style|facts|accuracy|clarity|tone|content"
    r"|length|the\s+other)\b"
    r"|\bfor\s+(?!(?:these|this|that|those|all|the\s+(?:above|reasons)|me\b|my|most))|\bstylistically\b"
    r"|\bgrammatically\b|\bfactually\b|\bin\s+(?:style|tone|accuracy|clarity|length|content|detail|depth"
    r"|grammar|form|format)\b|\bhinsichtlich\b|\bwas\b.{0,20}\bangeht\b|\bquant\s+à\b|\ben\s+cuanto\s+a\b"
    r"|\bquanto\s+a\b|\bc точки\b|就.{0,12}而言|在.{0,12}方面|の点で|면에서)"
)
REASON = (
    r"(?:because|since|as\s+(?:it|the|its|this|that|[\ue001\ue002])|due\s+to|given\s+(?:that|its|the)"
    r"|for\s+(?:its|being|the\s+(?:reasons?|following)|these|this\s+reason|that\s+reason|me\b)|although|though"
    r"|even\s+though|despite"
    r"|overall|here|in\s+this\s+case|of\s+the\s+two|by\s+(?:a|far)|in\s+(?:every|all|almost|most|nearly|my"
    r"|general|total|both)|on\s+(?:balance|the\s+whole|all|every|most)|with\s+(?:confidence|certainty)"
    r"|hands\s+down|all\s+in\s+all|is\s+my|for\s+sure"
    r"|as\s+my|as\s+the\s+(?:better|best|winner|preferred)|to\s+be\s+(?:the\s+)?(?:better|best|superior"
    r"|stronger|preferable)|output\b|outputs\b|response\b|answer\b|one\b|option\b|choice\b|text\b|reply\b"
    r"|assistant\b"
    r"|weil|denn|da\b|parce|car\b|porque|pues|ya\s+que|perché|poiché|omdat|want\b|потому|так\s+как|поскольку"
    r"|因为|因為|由于|理由|なぜなら|ので|ため|왜냐하면|때문|bo\b|ponieważ|çünkü|لأن|क्योंकि)"
)
CONTRAST = (
    r"(?:,?\s*\b(?:but|however|yet|still|nevertheless|nonetheless|on\s+second\s+thoughts?|on\s+reflection|aber"
    r"|jedoch|dennoch|mais|cependant|pourtant|pero|sin\s+embargo|mas|porém|però|ma|tuttavia|maar|echter|но"
    r"|однако|ale|jednak|ama|fakat)\b,?\s*"
    r"|,?\s*(?:但是|但|然而|不过|しかし|ですが|けれども|だが|하지만|그러나|지만)[,\s]*)"
)
RETRACTION = (
    r"(?:\bwait\b|\bactually\b|\bon\s+second\s+thoughts?\b|\bon\s+reflection\b|\bcorrection\b|\bcorrecting\b"
    r"|\bi\s+was\s+wrong\b|\bscratch\s+that\b|\bi\s+change\s+my\b|\bchanged?\s+my\s+mind\b"
    r"|\bi\s+take\s+(?:that|it)\s+back\b|\bor\s+rather\b|\brather,"
    r"|\bi\s+meant\b|\bsorry\b|\brevised\b|\brevising\b|\brevise\b|\breconsider|\blooking\s+again\b"
    r"|\bafter\s+(?:re-?reading|another\s+look|all,)|\bmy\s+mistake\b|\bi\s+made\s+(?:a\s+mistake"
    r"|an\s+error)\b|\binstead\b|(?:^|\s)no[:,.!]|(?:^|\s)hmm\b|\bupdated?\s+(?:verdict|answer)\b"
    r"|\bmoment\s*mal\b|\bdoch\b|\ben\s+fait\b|\bmejor\s+dicho\b|不对|等等|更正|いや|아니)"
)
TAKEN_BACK = (
    r"(?:\bwait\b|\bscratch\s+that\b|\bi\s+was\s+wrong\b|\bcorrection\b|\bi\s+mean(?:t\b|\s+the\s+other\b)|\bmixed\s+(?:up|them)\b"
    r"|\bdisregard\b|\bignore\s+(?:that|my|the\s+above)\b"
    r"|\bon\s+second\s+thoughts?\b|\bchanged?\s+my\s+mind\b|\btake\s+(?:that|it)\s+back\b|\breconsider"
    r"|\bmy\s+mistake\b|\bi\s+retract\b|\bwithdraw\b|\bno\s+verdict\b)"
)
CONCLUSION = (
    r"(?:\boverall\b|\btherefore\b|\bin\s+(?:conclusion|summary|short|the\s+end|sum)\b|\bto\s+(?:conclude"
    r"|sum\s+up|summari[sz]e)\b|\bfinal(?:ly)?\b|\bultimately\b|\ball\s+in\s+all\b"
    r"|\ball\s+things\s+considered\b|\bhence\b|\bthus\b|^\s*so\b|\bon\s+balance\b|\bconclusion\b"
    r"|\binsgesamt\b|\bfazit\b|\balso\s+nehme\b|\bdaher\b|\ben\s+conclusion\b|\bdonc\b|\bfinalement\b"
    r"|\ben\s+conclusión\b|\bpor\s+lo\s+tanto\b|\bportanto\b|\bquindi\b|\bв\s+итоге\b|\bпоэтому\b|综上|总之|因此|所以"
    r"|总的来说|結論|したがって|따라서|결론)"
)
UNDECIDED = (
    r"(?:(?:\bcannot\b|\bcan\s*not\b|\bcan't\b|\bunable\b|\bcould\s+not\b|\bcouldn't\b|\bwon't\b"
    r"|\bwill\s+not\b|\brefuse\b|\bdecline\b|\bimpossible\b|\bnot\s+able\b|\bnot\s+(?:sure|certain)\b"
    r"|\bunsure\b|\bhard\b|\bdifficult\b|\bdon't\s+know\b|\bdo\s+not\s+know\b|\bprefer\s+not\b)"
    r".{0,60}(?:choos|decid|judg|pick|\bsay\b|determin|compar|evaluat|verdict|answer|prefer|tell|declare"
    r"|select|rank|help|assist|$)"
    r"|\bno\s+(?:clear\s+)?(?:verdict|preference|winner|choice)\b|\bneither\b.{0,40}\b(?:better|wins|is|output"
    r"|response|good)\b|\bi\s+have\s+no\s+(?:view|opinion|preference|verdict)\b|\bundecided\b|\binconclusive\b|\bit\s+depends\b|\bdepends\s+on\b|\bi\s+abstain\b|无法|無法"
    r"|不能.{0,10}(?:选|判)|できません|할\s*수\s*없|не\s+могу|nicht\s+(?:entscheiden|sagen)|ne\s+peux\s+pas|no\s+puedo"
    r"|não\s+posso|non\s+posso)"
)
DANGLING = (
    r"(?:\b(?:is|was|are|the|an|and|or|but|because|than|to|of|with|that|which|for|as|by|at|in|on|its|it|more|not"
    r"|since|while|be|has|have|if|so|very|und|weil|der|die|das|ist|et|parce\s+que|est|y|porque|es|que|de|del)"
    r"|[,\u2026:(\[{=<>-]|\.\.\.)$"
)
HEDGED_FORCED = (
    r"(?:\bif\s+(?:i|we)(?:\s+(?:had|have|must|were|was|am|are|need|needed)(?:\s+(?:to|forced|pressed|made"
    r"|asked))*(?:\s+to)?(?:\s+(?:choose|pick|decide|select|say|answer))?(?:\s+(?:one|between\s+them))?)\s*,?\s*"
    r"|\bif\s+(?:forced|pressed)(?:\s+to\s+(?:choose|pick|decide))?\s*,?\s*|\bforced\s+to\s+(?:choose|pick"
    r"|decide)\s*,?\s*)"
)
