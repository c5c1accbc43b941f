"""Records what HAPI's validator says of resources of R5, which Google's own open parser does not know.

`python -m tests.tools.hapi_oracle.record` needs Java and Maven, and takes a few minutes; 1,500 resources a run.
"""
