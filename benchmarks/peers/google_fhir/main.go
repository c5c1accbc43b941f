// Records what Google's own FHIR parser (github.com/google/fhir/go) makes of resources, one JSON text a line.
//
// oracle VERSION MODE < in.ndjson > out.ndjson; VERSION is STU3 or R4; MODE is verdict, or a shape: analytic, inferred, v2.
// Each line of the output is {"ok": true}, with "row" for a shape, or {"errors": "..."}. The rate goes to standard error.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"
)

type answer struct {
	OK     bool            `json:"ok,omitempty"`
	Errors string          `json:"errors,omitempty"`
	Row    json.RawMessage `json:"row,omitempty"`
}

func marshaller(mode string, depth int, version fhirversion.Version) (*jsonformat.Marshaller, error) {
	switch mode {
	case "analytic":
		return jsonformat.NewAnalyticsMarshaller(depth, version)
	case "inferred":
		return jsonformat.NewAnalyticsMarshallerWithInferredSchema(depth, version)
	case "v2":
		return jsonformat.NewAnalyticsV2MarshallerWithInferredSchema(depth, version)
	}
	return nil, nil
}

func verdict(line []byte, in *jsonformat.Unmarshaller, out *jsonformat.Marshaller) answer {
	resource, err := in.Unmarshal(line)
	if err != nil {
		return answer{Errors: err.Error()}
	}
	if out == nil {
		return answer{OK: true}
	}
	row, err := out.Marshal(resource)
	if err != nil {
		return answer{Errors: "row: " + err.Error()}
	}
	return answer{OK: true, Row: row}
}

func run() error {
	version, mode, depth := fhirversion.R4, os.Args[2], 2
	if os.Args[1] == "STU3" {
		version = fhirversion.STU3
	}
	if len(os.Args) > 3 {
		depth, _ = strconv.Atoi(os.Args[3])
	}
	in, err := jsonformat.NewUnmarshaller("UTC", version)
	if err != nil {
		return err
	}
	out, err := marshaller(mode, depth, version)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<28)
	answers := json.NewEncoder(os.Stdout)
	answers.SetEscapeHTML(false)
	count, began := 0, time.Now()
	for ; lines.Scan(); count++ {
		if err := answers.Encode(verdict(lines.Bytes(), in, out)); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "%d resources, %.0f/s\n", count, float64(count)/time.Since(began).Seconds())
	return lines.Err()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
