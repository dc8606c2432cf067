"""What a wheel holds: the two packages, what they read at run time, and the assets as data of ``interp``."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["interp", "interp.*", "app", "app.*"]), "interp._assets"],
    package_dir={"interp._assets": "assets"},
    package_data={
        "interp._assets": ["models/*/*", "pairs/*", "planted/*/*", "puzzles/*", "stories/*"],
        "interp": ["figures/circuit/*.js", "figures/circuit/*.css"],
        "app": [
            "style.css",
            "static/icon.svg",
            ".streamlit/config.toml",
            "widgets/**/*.js",
            "widgets/**/*.css",
            "server/**/*.css",
        ],
    },
)
