import ArgumentParser
import CLI
import Testing

struct ListenOptionsTests {
  @Test("with the socket of a service manager, an address in the options is warned of, and only then")
  func ignoredAddress() throws {
    #expect(try ListenOptions.parse([]).textOfIgnoredAddress == nil)
    #expect(try ListenOptions.parse(["--host", "127.0.0.1", "--port", "8080"]).textOfIgnoredAddress == nil)
    for arguments in [["--port", "80"], ["--host", "0.0.0.0"], ["--unix-socket", "/run/yolox.sock"]] {
      let text = try #require(try ListenOptions.parse(arguments).textOfIgnoredAddress)
      #expect(text.contains("port and unix-socket have no effect"))
    }
  }
}
