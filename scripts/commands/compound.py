"""Options that several commands have in common, written once as a function whose parameters are the options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, get_type_hints

Command = Callable[..., Any]


def taking(**compounds: Callable[..., Any]) -> Callable[[Command], Command]:
    """Give a command, in the place of its parameter `name`, the options of `compounds[name]`.

    The command's parameter gets what that function makes of them. Such a function may take compounds, too.
    """

    def decorate(command: Command) -> Command:
        options = {name: inspect.signature(make, eval_str=True).parameters for name, make in compounds.items()}
        for name in compounds:
            command.__annotations__.pop(name, None)
        hints = get_type_hints(command, include_extras=True)
        parameters: list[inspect.Parameter] = []
        for each in inspect.signature(command).parameters.values():
            if each.name in compounds:
                parameters += options[each.name].values()
            else:
                parameters.append(each.replace(annotation=hints[each.name]))

        @wraps(command)
        def run(**values: Any) -> Any:
            for name, make in compounds.items():
                values[name] = make(**{option: values.pop(option) for option in options[name]})
            return command(**values)

        parameters.sort(key=lambda each: each.kind)  # an argument comes before options
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return decorate
