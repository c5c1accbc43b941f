"""The same load as an Apache Beam pipeline: films are converted and sent by Beam's workers, here or on Dataflow.

The command's own process lists the set, says what is to be done, and afterwards imports and labels, exactly as a local
load does (scripts.loading.running). Only what brings one film to the bucket runs elsewhere, and is the local load's own
Uploader, film and converter. Nothing here imports Beam but steps.py and the two runners.
"""
