package clients

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
)

// STORAGE_EMULATOR_HOST leads cloud.google.com/go/storage to the emulator, without credentials.
func TestStorage(t *testing.T) {
	ctx := context.Background()
	client, err := storage.NewClient(ctx)
	must(t, err)
	defer client.Close()
	bucket := client.Bucket("go-" + unique)
	attributes := &storage.BucketAttrs{Location: "US-CENTRAL1", UniformBucketLevelAccess: storage.UniformBucketLevelAccess{Enabled: true}}
	must(t, bucket.Create(ctx, project, attributes))
	refused(t, bucket.Create(ctx, project, attributes), 409)

	contents := map[string][]byte{"o/empty": {}, "o/small": make([]byte, 100), "o/chunks": make([]byte, 600_000), "o/large": make([]byte, 17<<20)}
	for name, content := range contents {
		_, err := rand.Read(content)
		must(t, err)
		writer := bucket.Object(name).NewWriter(ctx)
		writer.ContentType = "a/b"
		if name == "o/chunks" {
			writer.ChunkSize = 256 << 10
		}
		_, err = writer.Write(content)
		must(t, err)
		must(t, writer.Close())
	}
	for name, content := range contents {
		reader, err := bucket.Object(name).NewReader(ctx)
		must(t, err)
		back, err := io.ReadAll(reader)
		must(t, err)
		if !bytes.Equal(back, content) || reader.Attrs.ContentType != "a/b" {
			t.Fatalf("%s came back otherwise", name)
		}
	}
	reader, err := bucket.Object("o/small").NewRangeReader(ctx, -10, -1)
	must(t, err)
	back, err := io.ReadAll(reader)
	must(t, err)
	if !bytes.Equal(back, contents["o/small"][90:]) {
		t.Fatal("the last ten bytes are others")
	}

	var names []string
	objects := bucket.Objects(ctx, &storage.Query{Prefix: "o/"})
	for {
		found, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		must(t, err)
		names = append(names, last(found.Name))
	}
	if len(names) != 4 || names[0] != "chunks" {
		t.Fatalf("the list is %v", names)
	}

	_, err = bucket.Object("copy").CopierFrom(bucket.Object("o/small")).Run(ctx)
	must(t, err)
	_, err = bucket.Object("both").ComposerFrom(bucket.Object("copy"), bucket.Object("o/small")).Run(ctx)
	must(t, err)
	_, err = bucket.Object("copy").Update(ctx, storage.ObjectAttrsToUpdate{Metadata: map[string]string{"a": "b"}})
	must(t, err)
	writer := bucket.Object("copy").If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx)
	refused(t, writer.Close(), 412)
	if _, err := bucket.Object("missing").Attrs(ctx); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Fatal(err)
	}

	policy, err := bucket.IAM().Policy(ctx)
	must(t, err)
	policy.Add("allUsers", "roles/storage.objectViewer")
	must(t, bucket.IAM().SetPolicy(ctx, policy))
	for _, name := range []string{"o/empty", "o/small", "o/chunks", "o/large", "copy", "both"} {
		must(t, bucket.Object(name).Delete(ctx))
	}
	must(t, bucket.Delete(ctx))
}

// An address that a service account's key has signed can be read by anybody.
func TestSignedURL(t *testing.T) {
	ctx := context.Background()
	client, err := storage.NewClient(ctx)
	must(t, err)
	defer client.Close()
	bucket := client.Bucket("go-signed-" + unique)
	must(t, bucket.Create(ctx, project, nil))
	writer := bucket.Object("a b").NewWriter(ctx)
	_, err = writer.Write([]byte("hello"))
	must(t, err)
	must(t, writer.Close())
	email, key := serviceAccountKey(t)
	address, err := storage.SignedURL(bucket.BucketName(), "a b", &storage.SignedURLOptions{
		Scheme: storage.SigningSchemeV4, Method: "GET", Expires: time.Now().Add(time.Minute),
		GoogleAccessID: email, PrivateKey: key, Hostname: emulatorHost(), Insecure: true,
	})
	must(t, err)
	answer, err := http.Get(address)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	if string(body) != "hello" {
		t.Fatalf("%d %s", answer.StatusCode, body)
	}
}
