"""Why a DeidentifyConfig can't be followed."""


class ConfigError(ValueError):
    """One sentence that names the field. `unknown` where Google may know what is asked for, and nothing here does."""

    def __init__(self, sentence: str, *, unknown: bool = False) -> None:
        super().__init__(sentence)
        self.unknown = unknown
