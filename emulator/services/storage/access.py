"""Who may: permissions on buckets and objects, checked with Cloud Storage's own sentences.

A caller without credentials is a 401, one without the permission a 403
(https://cloud.google.com/storage/docs/access-control/iam-permissions).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulator.access.conditions import LISTED_PREFIX
from emulator.errors import ApiError
from emulator.gateway.request import Request
from emulator.services.storage import errors
from emulator.services.storage.acls import grants
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets.rows import Bucket

if TYPE_CHECKING:
    from emulator.context import Context

_NONE: Mapping[str, str] = {}
PAYS = "resourcemanager.projects.createBillingAssignment"


def bucket_to_list(request: Request, prefix: str) -> Bucket:
    """The bucket of which a request lists the objects that begin with a prefix; otherwise as `bucket_for`."""
    return bucket_for(request, "storage.objects.list", api={LISTED_PREFIX: prefix})


def bucket_for(
    request: Request, permission: str, name: str | None = None, object_name: str = "", api: Mapping[str, str] = _NONE
) -> Bucket:
    """The bucket that a request is about, its caller checked for `permission`.

    name defaults to the path's bucket; object_name and api are what conditions of a binding see. Raises 404 for no
    bucket, 401 and 403 for no permission, 400 (UserProjectMissing) where the caller must say who pays.
    """
    bucket = buckets.require(request.context.db, name if name is not None else request.path["bucket"])
    require(request, bucket, permission, object_name, api)
    if bucket.requester_pays:
        _require_payer(request, bucket)
    return bucket


def allows(
    request: Request, bucket: Bucket, permission: str, object_name: str = "", api: Mapping[str, str] = _NONE
) -> bool:
    """Whether the caller holds `permission` on the bucket, or on the object named."""
    return may(request.context, request.principal, bucket, permission, object_name, api)


def may(
    context: Context,
    principal: str,
    bucket: Bucket,
    permission: str,
    object_name: str = "",
    api: Mapping[str, str] = _NONE,
) -> bool:
    """The same for any principal: the one rule of who may do what to an object, whoever acts for him.

    Where access is not uniform, the object's own list counts as well. Conditions of bindings see the object (IAM:
    resource attributes, projects/_/buckets/B/objects/O), also where a service reads or writes it for a caller, or by
    its agent.
    """
    if not principal and bucket.public_access_prevented:
        return False
    kind = "storage.googleapis.com/" + ("Object" if object_name else "Bucket")
    name = _full_name(bucket, object_name)
    if context.policies.allows(principal, permission, bucket.resource, name=name, kind=kind, api=api):
        return True
    if not object_name or context.policies.denies(principal, permission, bucket.resource, name=name, kind=kind):
        return False
    return grants.allows(context, principal, bucket, permission, object_name)


def _full_name(bucket: Bucket, object_name: str) -> str:
    """The name of an object, or of the bucket, as IAM has it."""
    return f"projects/_/buckets/{bucket.name}" + (f"/objects/{object_name}" if object_name else "")


def require(
    request: Request, bucket: Bucket, permission: str, object_name: str = "", api: Mapping[str, str] = _NONE
) -> None:
    """Nothing, or the 401 or 403 that Cloud Storage answers."""
    granted = allows(request, bucket, permission, object_name, api)
    request.asked[permission, _full_name(bucket, object_name)] = granted
    if not granted:
        raise denied(request.principal, permission, "object" if ".objects." in permission else "bucket")


def require_on_project(request: Request, project: str, permission: str) -> None:
    """The same for what is done in a project: creating and listing buckets."""
    if not request.may(permission, f"projects/{project}"):
        raise denied(request.principal, permission, "project")


def denied(principal: str, permission: str, noun: str) -> ApiError:
    """The refusal; `noun` is object, bucket or project."""
    caller = principal.partition(":")[2] or "Anonymous caller"
    where = "Google Cloud project" if noun == "project" else f"Google Cloud Storage {noun}"
    message = (
        f"{caller} does not have {permission} access to the {where}. "
        f"Permission '{permission}' denied on resource (or it may not exist)."
    )
    if not principal:
        return ApiError(401, "UNAUTHENTICATED", message, "required")
    return ApiError(403, "PERMISSION_DENIED", message, "forbidden")


def needs_payer(context: Context, bucket: Bucket, principal: str) -> bool:
    """Whether a caller has to name the project that pays: not on his own account, as one who may bill the bucket's.

    https://cloud.google.com/storage/docs/requester-pays#requirements
    """
    return bucket.requester_pays and not context.policies.allows(principal, PAYS, f"projects/{bucket.project}")


def _require_payer(request: Request, bucket: Bucket) -> None:
    payer = dict(request.raw_query).get("userProject") or request.headers.get("x-goog-user-project")
    if not payer:
        if needs_payer(request.context, bucket, request.principal):
            raise errors.user_project_missing()
        return
    project = request.context.project_id(payer)
    if not request.context.project_exists(project):
        raise errors.invalid(f"The user project '{payer}' specified in the request is invalid.")
    require_on_project(request, project, "serviceusage.services.use")
