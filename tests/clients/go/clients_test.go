// Package clients drives Google's clients for Go against the emulator; test_go.py runs it.
package clients

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"google.golang.org/api/googleapi"
)

var (
	project = os.Getenv("GOOGLE_CLOUD_PROJECT")
	unique  = os.Getenv("UNIQUE")
)

// must ends the test where there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused ends the test unless the error is one of that HTTP status.
func refused(t *testing.T, err error, code int) {
	t.Helper()
	answer, ok := err.(*googleapi.Error)
	if !ok || answer.Code != code {
		t.Fatalf("expected %d, got %v", code, err)
	}
}

// last gives what follows the last slash of a name.
func last(name string) string {
	return name[strings.LastIndex(name, "/")+1:]
}

// serviceAccountKey gives e-mail address and private key of the key file.
func serviceAccountKey(t *testing.T) (string, []byte) {
	t.Helper()
	content, err := os.ReadFile(os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"))
	must(t, err)
	var key struct {
		Email   string `json:"client_email"`
		Private string `json:"private_key"`
	}
	must(t, json.Unmarshal(content, &key))
	return key.Email, []byte(key.Private)
}

// emulatorHost gives host and port of the emulator.
func emulatorHost() string {
	return strings.TrimPrefix(os.Getenv("STORAGE_EMULATOR_HOST"), "http://")
}
