"""What is said of something that was not delivered: who lacks what, unless that was granted since."""

from __future__ import annotations

from scripts.access import resources
from scripts.access.decisions import Access
from scripts.access.principals import Known
from scripts.agents import LATER
from scripts.connection import Connection
from scripts.denied import Denied
from scripts.errors import CommandError


def granted_since(target: Connection, lacks: Denied, what: str) -> str:
    """What was lost for want of a grant that is there again; `what` says it.

    Raises CommandError, naming who lacks which permission on what, where the grant is not there or can't be seen.
    """
    resource = resources.find(lacks.resource or "project", target.outputs)
    answer = Access(target).why(f"serviceAccount:{lacks.principal}", lacks.permission or "", resource)
    if answer.allowed == Known.YES:
        return f"{what}; {lacks.principal} has {lacks.permission} on {lacks.resource} by now"
    raise CommandError(
        f"{what}: {lacks}. `python -m scripts preflight` names the grant, `pulumi up --refresh` makes it; {LATER}."
    )
