"""One TOML file per material and per environment; every number with its unit and source; the loader."""
