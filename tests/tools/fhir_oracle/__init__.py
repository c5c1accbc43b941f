"""Records what Google's own open FHIR parser says of resources: tests/data/fhir is made with it.

`python -m tests.tools.fhir_oracle.record --synthea FOLDER` builds the parser (benchmarks/peers/google_fhir, a program
around github.com/google/fhir/go v0.7.4) once. FOLDER is the output of Synthea 3.3.0 (Maven: org.mitre.synthea:synthea)
run with `-s 1 -cs 1 -r 20260101 -p 10 --exporter.fhir_stu3.export=true --exporter.hospital.fhir.export=true
--exporter.practitioner.fhir.export=true --exporter.hospital.fhir_stu3.export=true
--exporter.practitioner.fhir_stu3.export=true`.
"""
