// java -cp .:libs/* Consumer BROKERS TOPIC: print the subject of each mail, once,
// with the SDK of CloudEvents.  Offsets are committed when their events are
// dealt with; the ids in the file tell what is given again after a crash.
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.CloudEventDeserializer;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Consumer {
    static void deal(CloudEvent event) throws Exception {
        var mail = new ObjectMapper().readTree(event.getData().toBytes());
        System.out.println(event.getId() + " " + mail.get("subject").asText());
    }

    public static void main(String[] args) throws Exception {
        var file = Path.of("seen.txt");
        var seen = new HashSet<>(Files.exists(file) ? Files.readAllLines(file) : List.of());
        Map<String, Object> config = Map.of("bootstrap.servers", args[0],
            "group.id", "subjects-java", "group.instance.id", "consumer-1", // of each its own
            "auto.offset.reset", "earliest",
            "enable.auto.commit", false, "key.deserializer", StringDeserializer.class,
            "value.deserializer", CloudEventDeserializer.class);
        try (var consumer = new KafkaConsumer<String, CloudEvent>(config)) {
            consumer.subscribe(List.of(args[1]));
            for (;; consumer.commitSync())
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    var key = record.value().getSource() + " " + record.value().getId();
                    if (!record.value().getType().equals("mailbridge.message.received.v1")) continue;
                    if (!seen.add(key)) continue;
                    deal(record.value());
                    Files.writeString(file, key + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                }
        }
    }
}
