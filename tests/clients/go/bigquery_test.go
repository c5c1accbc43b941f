package clients

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

type person struct {
	Name string
	Born int
}

// The key file's service account; its tokens come from the emulator, as the file says.
func TestBigQuery(t *testing.T) {
	ctx := context.Background()
	endpoint := option.WithEndpoint(os.Getenv("BIGQUERY_EMULATOR_HOST") + "/bigquery/v2/")
	client, err := bigquery.NewClient(ctx, project, endpoint)
	must(t, err)
	defer client.Close()
	dataset := client.Dataset("go_" + unique)
	must(t, dataset.Create(ctx, &bigquery.DatasetMetadata{Location: "US"}))
	refused(t, dataset.Create(ctx, nil), 409)

	table := dataset.Table("people")
	schema, err := bigquery.InferSchema(person{})
	must(t, err)
	must(t, table.Create(ctx, &bigquery.TableMetadata{Schema: schema}))
	must(t, table.Inserter().Put(ctx, []person{{"Ada", 1815}, {"Grace", 1906}}))
	source := bigquery.NewReaderSource(strings.NewReader("Mary,1780\n"))
	job, err := table.LoaderFrom(source).Run(ctx)
	must(t, err)
	status, err := job.Wait(ctx)
	must(t, err)
	must(t, status.Err())

	query := client.Query("SELECT Name, Born FROM `" + dataset.DatasetID + ".people` WHERE Born > @after ORDER BY Born")
	query.Parameters = []bigquery.QueryParameter{{Name: "after", Value: 1800}}
	rows, err := query.Read(ctx)
	must(t, err)
	var found []string
	for {
		var row person
		err := rows.Next(&row)
		if errors.Is(err, iterator.Done) {
			break
		}
		must(t, err)
		found = append(found, row.Name)
	}
	if strings.Join(found, " ") != "Ada Grace" {
		t.Fatalf("found %v", found)
	}
	_, err = client.Query("SELECT FROM").Read(ctx)
	refused(t, err, 400)
	must(t, dataset.DeleteWithContents(ctx))
	_, err = dataset.Metadata(ctx)
	refused(t, err, 404)
}
