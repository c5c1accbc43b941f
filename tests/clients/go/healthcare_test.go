package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"google.golang.org/api/healthcare/v1"
	"google.golang.org/api/option"
)

// The key file's service account; its tokens come from the emulator, as the file says.
func TestHealthcare(t *testing.T) {
	ctx := context.Background()
	service, err := healthcare.NewService(ctx, option.WithEndpoint(os.Getenv("HEALTHCARE_EMULATOR_HOST")+"/"))
	must(t, err)
	datasets := service.Projects.Locations.Datasets
	parent := "projects/" + project + "/locations/us-central1"
	name := parent + "/datasets/go-" + unique
	operation, err := datasets.Create(parent, &healthcare.Dataset{TimeZone: "UTC"}).DatasetId(last(name)).Do()
	must(t, err)
	done, err := datasets.Operations.Get(operation.Name).Do()
	must(t, err)
	if !done.Done {
		t.Fatal("the operation is not done")
	}
	store, err := datasets.DicomStores.Create(name, &healthcare.DicomStore{}).DicomStoreId("images").Do()
	must(t, err)

	file, err := os.ReadFile(os.Getenv("INSTANCE"))
	must(t, err)
	call := datasets.DicomStores.StoreInstances(store.Name, "studies", bytes.NewReader(file))
	call.Header().Set("Content-Type", "application/dicom")
	stored, err := call.Do()
	must(t, err)
	defer stored.Body.Close()
	if stored.StatusCode != 200 {
		t.Fatal(stored.Status)
	}
	answer, err := datasets.DicomStores.SearchForInstances(store.Name, "instances").Do()
	must(t, err)
	defer answer.Body.Close()
	var found []map[string]struct{ Value []any }
	must(t, json.NewDecoder(answer.Body).Decode(&found))
	if len(found) != 1 {
		t.Fatalf("%d instances", len(found))
	}
	uid := func(tag string) string { return found[0][tag].Value[0].(string) }
	path := strings.Join([]string{"studies", uid("0020000D"), "series", uid("0020000E"), "instances", uid("00080018")}, "/")
	retrieve := datasets.DicomStores.Studies.Series.Instances.RetrieveInstance(store.Name, path)
	retrieve.Header().Set("Accept", "application/dicom; transfer-syntax=*")
	back, err := retrieve.Do()
	must(t, err)
	defer back.Body.Close()
	content, err := io.ReadAll(back.Body)
	must(t, err)
	if !bytes.Equal(content, file) {
		t.Fatal("the instance came back otherwise")
	}
	_, err = datasets.Delete(name).Do()
	must(t, err)
	_, err = datasets.Get(name).Do()
	refused(t, err, 404)
}
