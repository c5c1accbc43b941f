package clients

import (
	"context"
	"sync"
	"testing"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// PUBSUB_EMULATOR_HOST leads cloud.google.com/go/pubsub to the emulator: over gRPC, without credentials.
func TestPubSub(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, err := pubsub.NewClient(ctx, project)
	must(t, err)
	defer client.Close()
	topic := "projects/" + project + "/topics/go-" + unique
	subscription := "projects/" + project + "/subscriptions/go-" + unique
	_, err = client.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: topic})
	must(t, err)
	_, err = client.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: topic})
	if status.Code(err) != codes.AlreadyExists {
		t.Fatal(err)
	}
	_, err = client.SubscriptionAdminClient.CreateSubscription(ctx, &pubsubpb.Subscription{
		Name: subscription, Topic: topic, EnableMessageOrdering: true, Filter: `attributes.kind = "a"`,
	})
	must(t, err)

	publisher := client.Publisher(topic)
	publisher.EnableMessageOrdering = true
	for _, data := range []string{"one", "two", "three"} {
		attributes := map[string]string{"kind": "a"}
		_, err := publisher.Publish(ctx, &pubsub.Message{Data: []byte(data), Attributes: attributes, OrderingKey: "k"}).Get(ctx)
		must(t, err)
		_, err = publisher.Publish(ctx, &pubsub.Message{Data: []byte("other")}).Get(ctx)
		must(t, err)
	}
	publisher.Stop()

	var lock sync.Mutex
	var arrived string
	must(t, client.Subscriber(subscription).Receive(ctx, func(_ context.Context, message *pubsub.Message) {
		lock.Lock()
		defer lock.Unlock()
		arrived += string(message.Data) + " "
		message.Ack()
		if arrived == "one two three " {
			cancel()
		}
	}))
	after := context.Background()
	must(t, client.SubscriptionAdminClient.DeleteSubscription(after, &pubsubpb.DeleteSubscriptionRequest{Subscription: subscription}))
	must(t, client.TopicAdminClient.DeleteTopic(after, &pubsubpb.DeleteTopicRequest{Topic: topic}))
}
