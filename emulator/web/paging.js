// OHIF's data source for DICOMweb, but that its list of studies has all pages of a search, not the first one only.
window.config.extensions.push({
  id: "healthcare-cloud-poc",
  getDataSourcesModule: ({ extensionManager }) => [
    {
      name: "dicomweb",
      type: "webApi",
      createDataSource: (...given) => {
        const entry = extensionManager.getModuleEntry("@ohif/extension-default.dataSourcesModule.dicomweb");
        const source = entry.createDataSource(...given);
        const studies = source.query.studies;
        const search = studies.search;
        studies.search = async wanted => {
          const found = await search(wanted);
          const limit = wanted && wanted.limit;
          for (let page = found; limit && page.length === limit; found.push(...page)) {
            page = await search({ ...wanted, offset: found.length });
          }
          return found;
        };
        return source;
      },
    },
  ],
});
