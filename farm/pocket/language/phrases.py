"""Stock phrases of the pocket world: what writers add around an answer, and what readers recognise as such."""

OPENINGS = ("Gladly!", "Of course!", "With pleasure.", "Thank you for asking.", "Certainly!")
"""Courteous first sentences."""
CLOSINGS = ("I hope this helps.", "Have a lovely day!", "Please ask again any time.", "You are very welcome.")
"""Courteous last sentences."""
LETTER_CLOSINGS = ("Kind regards.", "Warm wishes to you.", "Have a lovely day!")
"""Courteous last sentences of a letter."""
QUESTIONS = ("Shall I tell you more?", "Is there anything else?", "Was that what you wanted?")
"""What a writer ends with who is asked to end with a question."""
LETTER_QUESTIONS = ("How are you?", "Shall I bring something?", "Who else is invited?")
RUDE = ("Everybody knows that.", "Look it up yourself.", "What a dull question.")
"""Grumpy remarks."""
FILLERS = ("That is all there is to it.", "There is a lot to say here.", "It is what it is.", "That is how things are.")
"""Sentences that say nothing."""
EVASIONS = ("I am not sure about that.", "That is hard to say.", "I do not know.")
"""Answers that do not answer."""
THANKS = ("thank you for the invitation.", "thank you for thinking of me.", "how kind of you to ask.")
ACCEPTANCES = (
    "I will come to the {e} on {d}.",
    "I would love to come to the {e} on {d}.",
    "Count me in for the {e} on {d}.",
)
REFUSALS = (
    "I cannot come to the {e} on {d}.",
    "Sorry, I cannot join the {e} on {d}.",
    "I have no time for the {e} on {d}.",
)
EXTRAS = ("I will bring some cake.", "I look forward to it.", "I will bring my friends along.")
"""Details of a letter that accepts."""
EXCUSES = ("I have to work that day.", "My aunt is visiting me.", "I am still tired from a journey.")
"""Details of a letter that declines."""

POLITE_MARKS = (
    "gladly", "of course", "with pleasure", "thank you", "certainly", "i hope this helps", "have a lovely day",
    "please", "you are very welcome", "kind regards", "warm wishes", "dear", "how kind of you",
)  # fmt: skip
"""Word sequences that count as courtesy."""
ACCEPTING_MARKS = ("i will come", "i would love to come", "count me in")
REFUSING_MARKS = ("cannot come", "cannot join", "i have no time")
