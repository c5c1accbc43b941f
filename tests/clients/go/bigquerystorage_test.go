package clients

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"cloud.google.com/go/bigquery/storage/managedwriter/adapt"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// plain leads a client of the Storage API to the emulator, without credentials: the emulator's own account.
func plain() []option.ClientOption {
	return []option.ClientOption{
		option.WithEndpoint(os.Getenv("BIGQUERY_STORAGE_EMULATOR_HOST")),
		option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
	}
}

// personDescriptor gives the message type of the rows of a table, and its self-contained form for a writer.
func personDescriptor(t *testing.T, schema bigquery.Schema) protoreflect.MessageDescriptor {
	t.Helper()
	columns, err := adapt.BQSchemaToStorageTableSchema(schema)
	must(t, err)
	made, err := adapt.StorageSchemaToProto2Descriptor(columns, "root")
	must(t, err)
	return made.(protoreflect.MessageDescriptor)
}

// Rows are written to a pending stream, committed, and read by the Storage API beneath a table's iterator.
func TestBigQueryStorage(t *testing.T) {
	ctx := context.Background()
	client, err := bigquery.NewClient(ctx, project, option.WithEndpoint(os.Getenv("BIGQUERY_EMULATOR_HOST")+"/bigquery/v2/"))
	must(t, err)
	defer client.Close()
	must(t, client.EnableStorageReadClient(ctx, plain()...))
	dataset := client.Dataset("go_storage_" + unique)
	must(t, dataset.Create(ctx, &bigquery.DatasetMetadata{Location: "US"}))
	schema, err := bigquery.InferSchema(person{})
	must(t, err)
	must(t, dataset.Table("people").Create(ctx, &bigquery.TableMetadata{Schema: schema}))

	writer, err := managedwriter.NewClient(ctx, project, plain()...)
	must(t, err)
	defer writer.Close()
	table := managedwriter.TableParentFromParts(project, dataset.DatasetID, "people")
	kind := personDescriptor(t, schema)
	normalized, err := adapt.NormalizeDescriptor(kind)
	must(t, err)
	stream, err := writer.NewManagedStream(ctx, managedwriter.WithDestinationTable(table),
		managedwriter.WithType(managedwriter.PendingStream), managedwriter.WithSchemaDescriptor(normalized))
	must(t, err)
	for number, name := range []string{"Ada", "Grace", "Mary"} {
		message := dynamicpb.NewMessage(kind)
		message.Set(kind.Fields().ByName("Name"), protoreflect.ValueOfString(name))
		message.Set(kind.Fields().ByName("Born"), protoreflect.ValueOfInt64(int64(1800+number)))
		row, err := proto.Marshal(message)
		must(t, err)
		result, err := stream.AppendRows(ctx, [][]byte{row}, managedwriter.WithOffset(int64(number)))
		must(t, err)
		offset, err := result.GetResult(ctx)
		must(t, err)
		if offset != int64(number) {
			t.Fatalf("row %d is at %d", number, offset)
		}
	}
	count, err := stream.Finalize(ctx)
	must(t, err)
	done, err := writer.BatchCommitWriteStreams(ctx, &storagepb.BatchCommitWriteStreamsRequest{
		Parent: table, WriteStreams: []string{stream.StreamName()}})
	must(t, err)
	if count != 3 || done.GetCommitTime() == nil {
		t.Fatalf("%d rows, %v", count, done)
	}

	rows := dataset.Table("people").Read(ctx)
	var found []person
	for {
		var row person
		err := rows.Next(&row)
		if errors.Is(err, iterator.Done) {
			break
		}
		must(t, err)
		found = append(found, row)
	}
	if !rows.IsAccelerated() {
		t.Fatal("the rows were not read by the Storage API")
	}
	// The client reads several streams at a time, so the rows come in any order.
	if len(found) != 3 || !slices.Contains(found, person{"Mary", 1802}) {
		t.Fatalf("found %v", found)
	}
}
