import ca.uhn.hl7v2.AcknowledgmentCode;
import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.parser.PipeParser;
import ca.uhn.hl7v2.util.idgenerator.InMemoryIDGenerator;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * HAPI HL7v2 as a peer. Standard input has messages in base64, one a line, then an empty line.
 * "acknowledge": prints, for each message, its ACK and its NACK in base64, separated by a blank.
 * "parse": for each further line, parses all messages and prints the processor's seconds that its thread took.
 */
public class Hapi {
  public static void main(String[] arguments) throws Exception {
    HapiContext context = new DefaultHapiContext();
    context.setValidationContext(ValidationContextFactory.noValidation());
    context.getParserConfiguration().setIdGenerator(new InMemoryIDGenerator());
    PipeParser parser = context.getPipeParser();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    List<String> messages = new ArrayList<>();
    for (String line = input.readLine(); line != null && !line.isEmpty(); line = input.readLine()) {
      messages.add(new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8));
    }
    if (arguments[0].equals("acknowledge")) {
      for (String each : messages) {
        Message message = parser.parse(each);
        String ack = message.generateACK().encode();
        String nack = message.generateACK(AcknowledgmentCode.AE, new HL7Exception("It was refused.")).encode();
        System.out.println(encoded(ack) + " " + encoded(nack));
      }
      return;
    }
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    while (input.readLine() != null) {
      long started = threads.getCurrentThreadCpuTime();
      for (String each : messages) {
        parser.parse(each);
      }
      System.out.println((threads.getCurrentThreadCpuTime() - started) / 1e9);
    }
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
