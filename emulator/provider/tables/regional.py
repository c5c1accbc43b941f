"""What resources share that lie in a region, which the provider's configuration may give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow
from emulator.provider.settings import Settings


class Regional(Flow):
    """A resource in a region; its body carries its full name, `id`, when it is created."""

    def variables(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        """See Flow.variables, with the provider's region where none is given."""
        filled = super().variables(values, settings)
        if filled.get("region") is None:
            filled["region"] = settings.region or None
        return filled

    def derived(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        """See Flow.derived."""
        return {**super().derived(values, settings), "region": self.variables(values, settings)["region"]}

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        """See Flow.body."""
        sent = super().body(values, updating=updating)
        if not updating:
            kind = self.spec.create.path.rsplit("/", 1)[-1]
            sent["name"] = f"projects/{values['project']}/locations/{values['region']}/{kind}/{values['name']}"
        return sent
