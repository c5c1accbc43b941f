"""The APIs that Service Usage knows (emulator/data/services.json): title, state in a new project, agent."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import orjson

from emulator.access.hierarchy import project_id
from emulator.settings import project_number
from emulator.state.state import State

DATA = Path(__file__).parents[2] / "data" / "services.json"


@dataclass(frozen=True, slots=True)
class Api:
    """One API, for example healthcare.googleapis.com.

    default says that a new project has it enabled; agent is the middle of its service agent's address, or "".
    """

    name: str
    title: str
    default: bool
    agent: str

    def agent_email(self, project_number: str) -> str:
        """The address of the API's service agent in a project; "" where the API has none."""
        return f"service-{project_number}@{self.agent}.iam.gserviceaccount.com" if self.agent else ""


@cache
def apis() -> dict[str, Api]:
    """All APIs by name, in name order."""
    services = orjson.loads(DATA.read_bytes())["services"]
    return {
        name: Api(name, entry["title"], entry.get("default", False), entry.get("agent", ""))
        for name, entry in sorted(services.items())
    }


def agent_of(state: State, service: str, name: str) -> str:
    """The e-mail address of the own account of a service, such as "pubsub", where a resource lies (projects/P/...)."""
    return agent_email(service, project_id(state, name.split("/")[1]))


def agent_email(service: str, project: str) -> str:
    """The e-mail address of the own account of a service, such as "pubsub", in a project given by id."""
    return apis()[f"{service}.googleapis.com"].agent_email(project_number(project))
