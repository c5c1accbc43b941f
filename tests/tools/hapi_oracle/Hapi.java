import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

/** Reads resources of R5, one a line; writes for each the errors that HAPI finds, as a line of [id, place]. */
public class Hapi {
    public static void main(String[] arguments) throws Exception {
        FhirContext context = FhirContext.forR5();
        UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(context);
        unknown.setNonExistentCodeSystemSeverity(IssueSeverity.INFORMATION);
        FhirInstanceValidator rules = new FhirInstanceValidator(new ValidationSupportChain(
                new DefaultProfileValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context),
                new InMemoryTerminologyServerValidationSupport(context),
                new SnapshotGeneratingValidationSupport(context),
                unknown));
        rules.setAnyExtensionsAllowed(true);
        rules.setErrorForUnknownProfiles(false);
        rules.setNoExtensibleWarnings(true);
        rules.setAssumeValidRestReferences(true);
        FhirValidator validator = context.newValidator().registerValidatorModule(rules);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(new Gson().toJson(errors(validator, line)));
        }
    }

    private static List<List<String>> errors(FhirValidator validator, String resource) {
        List<List<String>> found = new ArrayList<>();
        try {
            for (SingleValidationMessage each : validator.validateWithResult(resource).getMessages()) {
                ResultSeverityEnum severity = each.getSeverity();
                if (severity == ResultSeverityEnum.ERROR || severity == ResultSeverityEnum.FATAL) {
                    found.add(List.of(
                            Objects.toString(each.getMessageId(), ""), Objects.toString(each.getLocationString(), "")));
                }
            }
        } catch (RuntimeException problem) {
            found.add(List.of("EXCEPTION", ""));
        }
        return found;
    }
}
