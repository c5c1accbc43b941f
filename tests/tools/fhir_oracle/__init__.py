"""Records what Google's own open FHIR parser says of resources: tests/data/fhir is made with it.

`main.go` is a program around github.com/google/fhir/go v0.7.4. In a folder outside the repository, with a copy of it:
`go mod init oracle && go get github.com/google/fhir/go@v0.7.4 && go mod tidy && go build -o oracle`. Then
`python -m tests.tools.fhir_oracle.record --oracle PATH --synthea FOLDER`, where FOLDER is the output of Synthea 3.3.0
(Maven: org.mitre.synthea:synthea) run with `-s 1 -cs 1 -r 20260101 -p 10 --exporter.fhir_stu3.export=true`.
"""
