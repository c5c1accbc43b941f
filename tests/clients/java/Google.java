import com.google.api.client.googleapis.json.GoogleJsonResponseException;
import com.google.api.client.http.javanet.NetHttpTransport;
import com.google.api.client.json.gson.GsonFactory;
import com.google.api.services.healthcare.v1.CloudHealthcare;
import com.google.api.services.healthcare.v1.CloudHealthcareScopes;
import com.google.api.services.healthcare.v1.model.CreateMessageRequest;
import com.google.api.services.healthcare.v1.model.Dataset;
import com.google.api.services.healthcare.v1.model.FhirStore;
import com.google.api.services.healthcare.v1.model.Hl7V2Store;
import com.google.api.services.healthcare.v1.model.HttpBody;
import com.google.api.services.healthcare.v1.model.Message;
import com.google.api.services.healthcare.v1.model.SearchResourcesRequest;
import com.google.auth.http.HttpCredentialsAdapter;
import com.google.auth.oauth2.GoogleCredentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Google's client for Java on a dataset of its own, given the dataset's parent; its key file is the environment's. */
public final class Google {
    private final CloudHealthcare.Projects.Locations.Datasets datasets;
    private final String dataset;

    private Google(String parent) throws IOException {
        GoogleCredentials key =
                GoogleCredentials.getApplicationDefault().createScoped(CloudHealthcareScopes.CLOUD_PLATFORM);
        datasets = new CloudHealthcare.Builder(
                        new NetHttpTransport(), GsonFactory.getDefaultInstance(), new HttpCredentialsAdapter(key))
                .setRootUrl(System.getenv("HEALTHCARE_EMULATOR_HOST") + "/")
                .setApplicationName("contract")
                .build()
                .projects()
                .locations()
                .datasets();
        dataset = parent + "/datasets/java";
        String operation = datasets.create(parent, new Dataset()).setDatasetId("java").execute().getName();
        is(true, datasets.operations().get(operation).execute().getDone());
    }

    public static void main(String[] given) throws IOException {
        Google google = new Google(given[0]);
        google.resources();
        google.messages();
        google.datasets.delete(google.dataset).execute();
    }

    /** The calls of Google's samples and of Apache Beam's FhirIO, which read ids from the text of an answer. */
    private void resources() throws IOException {
        FhirStore wanted = new FhirStore().setVersion("R4").setEnableUpdateCreate(true);
        String store = datasets.fhirStores().create(dataset, wanted).setFhirStoreId("fhir").execute().getName();
        var fhir = datasets.fhirStores().fhir();
        HttpBody patient = new HttpBody().set("resourceType", "Patient").set("language", "en");
        String text = fhir.create(store, "Patient", patient).executeUnparsed().parseAsString();
        Matcher id = Pattern.compile("\"id\": \"([^\"]*)\",").matcher(text);
        is(true, id.find());
        String name = store + "/fhir/Patient/" + id.group(1);
        is("en", fhir.read(name).execute().get("language"));
        HttpBody group = new HttpBody().set("resourceType", "Group").set("type", "person").set("actual", true);
        Map<String, Object> entry =
                Map.of("request", Map.of("method", "PUT", "url", "Group/g"), "resource", group.set("id", "g"));
        HttpBody bundle = new HttpBody().set("resourceType", "Bundle").set("type", "batch").set("entry", List.of(entry));
        is("batch-response", fhir.executeBundle(store, bundle).execute().get("type"));
        SearchResourcesRequest groups = new SearchResourcesRequest().setResourceType("Group");
        is(1, ((List<?>) fhir.search(store, groups).execute().get("entry")).size());
        is(2, ((List<?>) fhir.search(store, new SearchResourcesRequest()).execute().get("entry")).size());
        is(1, ((List<?>) fhir.history(name).execute().get("entry")).size());
        fhir.delete(name).execute();
        is(410, refused(() -> fhir.read(name).execute()));
    }

    private void messages() throws IOException {
        var stores = datasets.hl7V2Stores();
        String store = stores.create(dataset, new Hl7V2Store()).setHl7V2StoreId("hl7").execute().getName();
        String text = "MSH|^~\\&|A|FAC|B|H|20200101000000||ADT^A01|1|P|2.3\rPID|1||m1^^^H^MRN||ROE^ZOE\r";
        String data = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
        CreateMessageRequest request = new CreateMessageRequest().setMessage(new Message().setData(data));
        String name = stores.messages().create(store, request).execute().getName();
        List<Message> found = stores.messages()
                .list(store)
                .set("view", "full")
                .setFilter("sendTime >= \"2020-01-01T00:00:00.000Z\" AND sendTime < \"2020-01-02T00:00:00.000Z\"")
                .setOrderBy("sendTime desc")
                .execute()
                .getHl7V2Messages();
        is(1, found.size());
        is(data, found.get(0).getData());
        stores.messages().delete(name).execute();
        is(404, refused(() -> stores.messages().get(name).execute()));
    }

    private interface Call {
        void make() throws IOException;
    }

    private static int refused(Call call) throws IOException {
        try {
            call.make();
        } catch (GoogleJsonResponseException problem) {
            return problem.getStatusCode();
        }
        throw new AssertionError("not refused");
    }

    private static void is(Object wanted, Object got) {
        if (!Objects.equals(wanted, got)) {
            throw new AssertionError("wanted " + wanted + ", got " + got);
        }
    }
}
