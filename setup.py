"""The one thing that pyproject.toml cannot say: conf/ lies beside farm/ in the repository and in farm/conf/ when
installed, while the packages of farm/ are found by looking.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["farm", "farm.*"]), "farm.conf"],
    package_dir={"farm.conf": "conf"},
    package_data={
        "farm": [
            "py.typed",
            "pocket/base/*",
            "**/*.html",
            "**/*.csv",
            "**/*.css",
            "**/*.js",
            "leaderboard/site/**/*.txt",
        ],
        "farm.conf": ["**/*.yaml", "**/*.txt"],
    },
)
