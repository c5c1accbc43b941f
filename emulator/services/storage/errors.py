"""Cloud Storage's own sentences: one function for each refusal, so that wording and reason stand in one place.

Wording as the JSON API answers it (https://cloud.google.com/storage/docs/json_api/v1/status-codes).
"""

from __future__ import annotations

from typing import Any

from emulator.errors import ApiError, not_implemented

UBLA_HELP = "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"

KEY_DISABLED = "cloudKmsDisabledKey"
"""The reason of what a key's version that is not enabled keeps from being done."""


def invalid(message: str) -> ApiError:
    """400: a value that is wrong whatever the state."""
    return ApiError(400, "INVALID_ARGUMENT", message, "invalid")


def parse_error(message: str) -> ApiError:
    """400: a body that is no JSON."""
    return ApiError(400, "INVALID_ARGUMENT", f"Parse Error: {message}", "parseError")


def required(name: str) -> ApiError:
    """400: a parameter or field that has to be there."""
    return ApiError(400, "INVALID_ARGUMENT", f"Required parameter: {name}", "required")


def no_such_bucket() -> ApiError:
    """404 for a bucket."""
    return ApiError(404, "NOT_FOUND", "The specified bucket does not exist.", "notFound")


def no_such_object(bucket: str, name: str, generation: int | None = None) -> ApiError:
    """404 for an object, or for one generation of it."""
    suffix = f"#{generation}" if generation is not None else ""
    return ApiError(404, "NOT_FOUND", f"No such object: {bucket}/{name}{suffix}", "notFound")


def no_such_upload() -> ApiError:
    """404 for a resumable upload that ended long ago, was cancelled, or never was."""
    return ApiError(
        404, "NOT_FOUND", "No such upload: the session has ended or never existed. Start a new one.", "notFound"
    )


def no_such_notification(bucket: str, notification: str) -> ApiError:
    """404 for a notification configuration."""
    return ApiError(404, "NOT_FOUND", f"notificationConfigs/{notification} not found in bucket {bucket}.", "notFound")


def no_caches() -> ApiError:
    """404 for the Anywhere Cache of a bucket."""
    return ApiError(404, "NOT_FOUND", "This bucket has no Anywhere Cache; the emulator has none to offer.", "notFound")


def unknown_project(project: str) -> ApiError:
    """400 for a project that does not exist."""
    return ApiError(400, "INVALID_ARGUMENT", f"Unknown project id: {project}", "invalid")


def bucket_exists(*, own: bool) -> ApiError:
    """409: the name of a bucket is taken; `own` says that it is taken in the caller's own project."""
    message = (
        "Your previous request to create the named bucket succeeded and you already own it."
        if own
        else "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again."
    )
    return ApiError(409, "ALREADY_EXISTS", message, "conflict")


def bucket_not_empty() -> ApiError:
    """409: a bucket goes only when nothing, and no noncurrent version, is in it."""
    return ApiError(409, "FAILED_PRECONDITION", "The bucket you tried to delete is not empty.", "conflict")


def condition_not_met() -> ApiError:
    """412: an ifGenerationMatch or its like does not hold."""
    message = "At least one of the pre-conditions you specified did not hold."
    return ApiError(412, "FAILED_PRECONDITION", message, "conditionNotMet")


def not_modified() -> ApiError:
    """304: the caller has this version already. Has no body."""
    return ApiError(304, "FAILED_PRECONDITION", "Not Modified", "notModified")


def may_not_replace(bucket: str, name: str) -> ApiError:
    """403: to replace an object is to delete what was there."""
    message = (
        "The caller does not have storage.objects.delete access to the Google Cloud Storage object. "
        f"Permission 'storage.objects.delete' denied on resource '{bucket}/{name}' (or it may not exist)."
    )
    return ApiError(403, "PERMISSION_DENIED", message, "forbidden")


def under_retention(bucket: str, name: str, until: str) -> ApiError:
    """403: too young to be deleted or replaced."""
    message = (
        f"Object '{bucket}/{name}' is subject to bucket's retention policy or object retention "
        f"and cannot be deleted or overwritten until {until}"
    )
    return ApiError(403, "PERMISSION_DENIED", message, "retentionPolicyNotMet")


def under_hold(bucket: str, name: str, hold: str) -> ApiError:
    """403: `hold` is "Temporary" or "Event-Based"."""
    message = (
        f"Object '{bucket}/{name}' is under active {hold} hold and cannot be deleted, overwritten or archived "
        "until hold is removed."
    )
    return ApiError(403, "PERMISSION_DENIED", message, "objectUnderActiveHold")


def retention_weakened() -> ApiError:
    """403: an object's retention may not be removed, shortened or unlocked."""
    message = (
        "The retention of this object cannot be removed, shortened or unlocked: it is locked, or the request lacks "
        "overrideUnlockedRetention=true."
    )
    return ApiError(403, "PERMISSION_DENIED", message, "forbidden")


def retention_locked(bucket: str) -> ApiError:
    """403: a locked retention policy only ever grows."""
    message = f"Cannot remove or reduce the retention duration of a locked Retention Policy for bucket '{bucket}'."
    return ApiError(403, "PERMISSION_DENIED", message, "forbidden")


def hash_mismatch(kind: str, provided: str, calculated: str) -> ApiError:
    """400: the bytes that arrived are not those the caller meant. kind is "MD5 hash" or "CRC32C"."""
    return invalid(f'Provided {kind} "{provided}" doesn\'t match calculated {kind} "{calculated}".')


def user_project_missing() -> ApiError:
    """400: a requester-pays bucket asks every other project for `userProject`."""
    message = "Bucket is a requester pays bucket but no user project provided."
    return ApiError(400, "INVALID_ARGUMENT", message, "required", [{"reason": "UserProjectMissing"}])


def acl_disabled(action: str) -> ApiError:
    """400: no ACL is read or written under uniform bucket-level access. action: "get legacy ACL for an object"."""
    return invalid(f"Cannot {action} when uniform bucket-level access is enabled. {UBLA_HELP}")


def no_access_to_key(reason: str) -> ApiError:
    """403: the project's storage agent can't use the key that objects are to be encrypted with."""
    message = f"{reason} Please ensure that your Cloud Storage service account has been authorized to use this key."
    return ApiError(403, "PERMISSION_DENIED", message, "forbidden")


def bad_key(message: str) -> ApiError:
    """400: what is to encrypt objects is no name of a key."""
    return ApiError(400, "INVALID_ARGUMENT", message, "cloudKmsBadKey")


def key_elsewhere(message: str) -> ApiError:
    """400: a key must be where the bucket is."""
    return ApiError(
        400, "INVALID_ARGUMENT", f"Cloud KMS key location not allowed. {message}", "cloudKmsKeyLocationNotAllowed"
    )


def key_disabled(violation: dict[str, Any]) -> ApiError:
    """400: the version of a key that has to encrypt or decrypt, which the violation names, is not enabled."""
    message = "Cloud KMS key is disabled, destroyed, or scheduled to be destroyed."
    return ApiError(400, "FAILED_PRECONDITION", message, KEY_DISABLED, [violation])


def public_access_prevented() -> ApiError:
    """412: allUsers may not be granted anything on this bucket."""
    message = (
        "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is "
        "enforced."
    )
    return ApiError(412, "FAILED_PRECONDITION", message, "conditionNotMet")


def not_emulated(what: str) -> ApiError:
    """501: Google does it, this emulator does not. what: "Customer-supplied encryption keys"."""
    return not_implemented(f"{what}: Cloud Storage has it, this emulator does not.")
