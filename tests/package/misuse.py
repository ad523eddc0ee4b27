"""What a type checker must refuse, lest the check of client.py be empty: each line is an error."""

import farm

farm.rnak("pairs.json")
ranking: int = farm.rank("pairs.json")
farm.read(42)
