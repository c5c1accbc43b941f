import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.FhirVersionEnum;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.PreferReturnEnum;
import ca.uhn.fhir.rest.api.SearchStyleEnum;
import ca.uhn.fhir.rest.api.SummaryEnum;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.api.ServerValidationModeEnum;
import ca.uhn.fhir.rest.client.exceptions.FhirClientConnectionException;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.gclient.DateClientParam;
import ca.uhn.fhir.rest.gclient.ReferenceClientParam;
import ca.uhn.fhir.rest.gclient.StringClientParam;
import ca.uhn.fhir.rest.gclient.TokenClientParam;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import ca.uhn.fhir.model.api.Include;
import ca.uhn.fhir.util.BundleUtil;
import java.util.List;
import java.util.Objects;
import org.hl7.fhir.instance.model.api.IBaseBundle;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.instance.model.api.IIdType;

/**
 * HAPI FHIR's client on a FHIR store, given the version of FHIR, the store's address and a token.
 *
 * Resources are JSON and answers are asked for in HAPI FHIR's own terms, so that one program does for all versions.
 */
public final class Hapi {
    private final FhirContext context;
    private final IGenericClient client;
    private final Class<? extends IBaseBundle> bundles;

    private Hapi(String version, String address, String token) {
        context = FhirContext.forCached(FhirVersionEnum.forVersionString(version));
        context.getRestfulClientFactory().setServerValidationMode(ServerValidationModeEnum.ONCE);
        context.getRestfulClientFactory().setSocketTimeout(600_000);
        client = context.newRestfulGenericClient(address);
        client.registerInterceptor(new BearerTokenAuthInterceptor(token));
        bundles = context.getResourceDefinition("Bundle").getImplementingClass(IBaseBundle.class);
    }

    public static void main(String[] given) {
        Hapi hapi = new Hapi(given[0], given[1], given[2]);
        IIdType patient = hapi.writing();
        hapi.transaction(patient);
        hapi.searching(patient);
        hapi.operations(patient);
        hapi.deleting(patient);
    }

    /** Create, read, update and patch, each also on conditions. */
    private IIdType writing() {
        MethodOutcome made = client.create().resource(patient("one", true)).execute();
        is(true, made.getCreated());
        IIdType id = made.getId().toUnqualifiedVersionless();
        var byIdentifier = new TokenClientParam("identifier").exactly().systemAndCode("urn:mrn", "one");
        MethodOutcome again = client.create().resource(patient("one", true)).conditional().where(byIdentifier).execute();
        is(id, again.getId().toUnqualifiedVersionless());
        String version = made.getId().getVersionIdPart();
        is(null, client.read().resource("Patient").withId(id).ifVersionMatches(version).returnNull().execute());

        IBaseResource wanted = patient("one", false);
        wanted.setId(id);
        MethodOutcome updated = client.update().resource(wanted).prefer(PreferReturnEnum.MINIMAL).execute();
        is(null, updated.getResource());
        is(412, refused(() -> client.update().resource(wanted).withAdditionalHeader("If-Match", "W/\"x\"").execute()));
        is(id, client.update().resource(patient("one", false)).conditional().where(byIdentifier).execute().getId()
                .toUnqualifiedVersionless());

        String patch = "[{\"op\": \"replace\", \"path\": \"/active\", \"value\": true}]";
        MethodOutcome patched = client.patch().withBody(patch).withId(id).execute();
        is(true, json(patched.getResource()).contains("\"active\":true"));
        IBaseBundle history = client.history().onInstance(id).returnBundle(bundles).count(2).execute();
        is(4, everyPage(history));
        return id;
    }

    private void transaction(IIdType patient) {
        StringBuilder entries = new StringBuilder();
        for (int day = 1; day <= 9; day++) {
            String observation = "{'resourceType': 'Observation', 'status': 'final', 'code': {'text': 'pulse'}, 'subject':"
                    + " {'reference': '" + patient.getValue() + "'}, 'effectiveDateTime': '2020-01-0" + day + "'}";
            entries.append(day == 1 ? "" : ",").append("{'request': {'method': 'POST', 'url': 'Observation'}, 'resource': ")
                    .append(observation).append("}");
        }
        IBaseBundle bundle = (IBaseBundle) resource(
                "{'resourceType': 'Bundle', 'type': 'transaction', 'entry': [" + entries + "]}");
        IBaseBundle answer = client.transaction().withBundle(bundle).execute();
        is("transaction-response", BundleUtil.getBundleType(context, answer));
    }

    private void searching(IIdType patient) {
        var ofPatient = new ReferenceClientParam("subject").hasId(patient);
        var search = client.search().forResource("Observation").where(ofPatient);
        IBaseBundle page = search.count(4).returnBundle(bundles).execute();
        is(9, BundleUtil.getTotal(context, page));
        is(9, everyPage(page));
        IBaseBundle newest = client.search().forResource("Observation").where(ofPatient).sort().descending("date")
                .count(1).include(new Include("Observation:subject")).returnBundle(bundles).execute();
        List<IBaseResource> found = BundleUtil.toListOfResources(context, newest);
        is(2, found.size());
        is(true, json(found.get(0)).contains("2020-01-09"));
        var since = new DateClientParam("date").afterOrEquals().day("2020-01-08");
        is(2, entries(client.search().forResource("Observation").where(ofPatient).and(since).returnBundle(bundles)
                .execute()));
        is(10, entries(client.search().forResource("Patient").where(new StringClientParam("family").matches()
                .value("roe")).revInclude(new Include("Observation:subject")).returnBundle(bundles).execute()));
        IBaseBundle part = client.search().forResource("Observation").where(ofPatient).summaryMode(SummaryEnum.TEXT)
                .returnBundle(bundles).execute();
        is(true, json(part).contains("SUBSETTED"));
        is(415, refused(() -> client.search().forResource("Observation").where(ofPatient)
                .usingStyle(SearchStyleEnum.POST).returnBundle(bundles).execute()));
        is(406, refused(() -> client.read().resource("Patient").withId(patient).encodedXml().execute()));
    }

    private void operations(IIdType patient) {
        IBaseBundle everything = client.operation().onInstance(patient).named("$everything")
                .withNoParameters(parameters()).useHttpGet().returnResourceType(bundles).execute();
        is(10, entries(everything));
        is(404, refused(() -> client.read().resource("Patient").withId("none").execute()));
        is(400, refused(() -> client.history().onType("Patient").returnBundle(bundles).execute()));
    }

    /** Deletions take place, though HAPI FHIR reads no answer that is neither empty nor a resource, such as Google's. */
    private void deleting(IIdType patient) {
        is(409, refused(() -> client.delete().resourceById(patient).execute()));
        unread(() -> client.delete().resourceConditionalByUrl("Observation?subject=" + patient.getValue()).execute());
        unread(() -> client.delete().resourceById(patient).execute());
        is(410, refused(() -> client.read().resource("Patient").withId(patient).execute()));
        is(5, everyPage(client.history().onInstance(patient).returnBundle(bundles).execute()));
    }

    private IBaseResource patient(String identifier, boolean active) {
        return resource("{'resourceType': 'Patient', 'identifier': [{'system': 'urn:mrn', 'value': '" + identifier
                + "'}], 'name': [{'family': 'Roe', 'given': ['Zo\u00eb']}], 'active': " + active + "}");
    }

    private IBaseResource resource(String text) {
        return context.newJsonParser().parseResource(text.replace('\'', '"'));
    }

    private String json(IBaseResource resource) {
        return context.newJsonParser().encodeResourceToString(resource);
    }

    @SuppressWarnings("unchecked")
    private Class<org.hl7.fhir.instance.model.api.IBaseParameters> parameters() {
        return (Class<org.hl7.fhir.instance.model.api.IBaseParameters>)
                context.getResourceDefinition("Parameters").getImplementingClass();
    }

    private int entries(IBaseBundle bundle) {
        return BundleUtil.toListOfEntries(context, bundle).size();
    }

    private int everyPage(IBaseBundle first) {
        int number = entries(first);
        for (IBaseBundle page = first; BundleUtil.getLinkUrlOfType(context, page, "next") != null; ) {
            page = client.loadPage().next(page).execute();
            number += entries(page);
        }
        return number;
    }

    private static void unread(Runnable act) {
        try {
            act.run();
        } catch (FhirClientConnectionException problem) {
            is(true, problem.getMessage().contains("resourceType"));
            return;
        }
        throw new AssertionError("the answer to a deletion was read");
    }

    private static int refused(Runnable act) {
        try {
            act.run();
        } catch (BaseServerResponseException problem) {
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
