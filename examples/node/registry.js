// A program as yours might be: it registers patients in a FHIR store, and keeps what was said of them in a bucket.

/** Create a patient; gives the id. Tries again twice where the store is not available. */
export async function register(healthcare, fhirStore, family) {
  const fhir = healthcare.projects.locations.datasets.fhirStores.fhir;
  const { data } = await fhir.create(
    { parent: fhirStore, type: "Patient", requestBody: { resourceType: "Patient", name: [{ family }] } },
    { retry: true, retryConfig: { retry: 2, httpMethodsToRetry: ["POST"], statusCodesToRetry: [[503, 503]] } },
  );
  return JSON.parse(await text(data)).id;
}

/** How many patients the store holds. */
export async function count(healthcare, fhirStore) {
  const fhir = healthcare.projects.locations.datasets.fhirStores.fhir;
  const { data } = await fhir.searchType({ parent: fhirStore, resourceType: "Patient" });
  return JSON.parse(await text(data)).total;
}

/** Keep a text about a patient. */
export async function keep(bucket, patient, words) {
  await bucket.file(`${patient}.txt`).save(words, { resumable: false });
}

// Bodies of media type application/fhir+json come as blobs, since the client knows of application/json only.
async function text(data) {
  return typeof data.text === "function" ? data.text() : JSON.stringify(data);
}
