import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Posts an image with the Accept field that HttpURLConnection sends by itself, and prints status, type and body. */
public class PostImage {
  public static void main(String[] arguments) throws IOException {
    var connection = (HttpURLConnection) URI.create(arguments[0]).toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setDoOutput(true);
    connection.setRequestProperty("Content-Type", "image/jpeg");
    try (OutputStream body = connection.getOutputStream()) {
      Files.copy(Path.of(arguments[1]), body);
    }
    int status = connection.getResponseCode();
    try (var answer = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      var text = new String(answer.readAllBytes(), StandardCharsets.UTF_8);
      System.out.println(status + " " + connection.getContentType() + " " + text);
    }
  }
}
