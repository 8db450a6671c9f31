import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Posts a form as widespread Java code writes it: an unquoted boundary with "=", and one line end too many. */
public class PostForm {
  public static void main(String[] arguments) throws IOException {
    var boundary = "===" + System.currentTimeMillis() + "===";
    var body = new ByteArrayOutputStream();
    body.writeBytes(
        ("--" + boundary + "\r\nContent-Disposition: form-data; name=\"image\"; filename=\"image.jpg\"\r\n"
            + "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: binary\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    body.writeBytes(Files.readAllBytes(Path.of(arguments[1])));
    body.writeBytes(("\r\n\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII));
    var connection = (HttpURLConnection) URI.create(arguments[0]).toURL().openConnection();
    connection.setDoOutput(true);
    connection.setRequestProperty("Content-Type", "multipart/form-data; boundary=" + boundary);
    body.writeTo(connection.getOutputStream());
    int status = connection.getResponseCode();
    try (var answer = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      var text = new String(answer.readAllBytes(), StandardCharsets.UTF_8);
      System.out.println(status + " " + connection.getContentType() + " " + text);
    }
  }
}
