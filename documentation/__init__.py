"""For developers, no part of the wheel: the site that is built of docs/, and the pages of it that are made of code."""
