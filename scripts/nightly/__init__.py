"""What is done each night: load, import, label, de-identify, export, verify, report; by a scheduler or by hand.

Every step does what is new and leaves what is done, so that a run after one that was killed goes on where that ended.
"""
