"""New values of one instance's attributes, by action."""

import functools
from collections.abc import Callable

from emulator.deidentify.dicom import dummies, forms
from emulator.deidentify.dicom.rules import TEXT_VRS, Action
from emulator.deidentify.dicom.texts import Texts
from emulator.deidentify.keys import Secret
from emulator.dicom.heads import Scope


class InstanceChanges:
    """What makes new values; `texts` is called once, by the first text that is to be inspected."""

    def __init__(self, secret: Secret, texts: Callable[[], Texts]) -> None:
        self._secret = secret
        self._texts = functools.cache(texts)

    def value(self, action: Action, tag: int, vr: str, old: bytes, scope: Scope) -> bytes:
        """The value that takes the place of another, unpadded; `old` itself where nothing changes."""
        if action is Action.EMPTY:
            return b""
        if action is Action.DUMMY:
            return dummies.dummy(tag, vr, old, self._secret)
        if action is Action.UID:
            return dummies.new_uids(old, self._secret)
        if action is Action.FORM:
            return old if forms.fits(vr, old) else b""
        if action is Action.TEXT and vr in (*TEXT_VRS, "UN"):
            return self._texts().cleaned(vr, old, scope.charset) if old else old
        return old
