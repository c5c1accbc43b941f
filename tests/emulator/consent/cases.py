"""How many cases tests of generated rules, consents and histories try: CONSENT_CASES=2000 is the thorough form."""

import os

CASES = int(os.environ.get("CONSENT_CASES", "60"))
