import CLI
import Foundation
import Testing

@Suite("The sources of options")
struct SettingsTests {
  private let options = OptionDescription.all(of: ServeCommand.self)

  /// OptionSources with `json` as the file that the arguments or the environment name.
  private func settings(
    _ arguments: [String] = [], environment: [String: String] = [:], file json: String? = nil,
    named: Bool = true
  ) throws -> OptionSources {
    let file = URL.temporaryDirectory.appending(path: "settings-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    var (arguments, environment) = (arguments, environment)
    if let json {
      try Data(json.utf8).write(to: file)
      if named { arguments += ["--config", file.path] } else { environment["YOLOX_CONFIG"] = file.path }
    }
    return try OptionSources(options: options, arguments: arguments, environment: environment)
  }

  @Test("accept every option of serve, under a name derived from its own")
  func names() throws {
    let variables = Set(options.map(\.variable))
    #expect(
      variables.isSuperset(of: [
        "YOLOX_PORT", "YOLOX_WEIGHTS", "YOLOX_MAX_BATCH", "YOLOX_LOG_FORMAT", "YOLOX_API_KEY_FILE",
        "YOLOX_MODEL",
        "YOLOX_REUSE_PORT", "YOLOX_CONFIG", "YOLOX_THREADS", "YOLOX_UNIX_SOCKET", "YOLOX_DRAIN_DELAY",
      ]))
    #expect(variables.isDisjoint(with: ["YOLOX_HELP", "YOLOX_VERSION", "YOLOX_PRINT_CONFIG"]))
  }

  @Test("prefer the command line to the environment, and that to the file")
  func layers() throws {
    let settings = try settings(
      ["--port", "1"], environment: ["YOLOX_PORT": "2", "YOLOX_MAX_BATCH": "2"],
      file: #"{"port": 3, "max-batch": 3, "queue-limit": 3}"#)
    #expect(settings.arguments.sorted() == ["--max-batch=2", "--queue-limit=3"])
  }

  @Test("take the name of the file from the environment")
  func fileFromEnvironment() throws {
    #expect(try settings(file: #"{"host": "::"}"#, named: false).arguments.contains("--host=::"))
  }

  @Test("read flags as booleans, repeated options as lists, and numbers and strings as themselves")
  func kinds() throws {
    let fromFile = try settings(
      file: #"{"reuse-port": true, "open-metrics": false, "model": ["a=x", "b=y"], "drain-delay": 1.5}"#)
    #expect(
      fromFile.arguments.sorted() == ["--drain-delay=1.5", "--model=a=x", "--model=b=y", "--reuse-port"])
    let fromEnvironment = try settings(environment: [
      "YOLOX_REUSE_PORT": "1", "YOLOX_OPEN_METRICS": "false",
      "YOLOX_ALLOW_ORIGIN": "https://a.example,https://b.example",
    ])
    #expect(
      fromEnvironment.arguments.sorted() == [
        "--allow-origin=https://a.example", "--allow-origin=https://b.example", "--reuse-port",
      ])
  }

  @Test(
    "reject an invalid file and name the reason",
    arguments: [(#"{"prt": 1}"#, "'prt'"), (#"{"port": null}"#, "'port'"), ("[1]", "JSON"), ("{", "JSON")])
  func badFile(json: String, named: String) {
    let error = #expect(throws: SettingsError.self) { try settings(file: json) }
    #expect(error?.description.contains(named) == true)
  }

  @Test("reject a missing file")
  func missingFile() {
    #expect(throws: SettingsError.unreadable(file: "/nowhere.json")) {
      try OptionSources(options: options, arguments: ["--config=/nowhere.json"], environment: [:])
    }
    #expect(throws: SettingsError.missingValue(option: "config")) {
      try OptionSources(options: options, arguments: ["--config"], environment: [:])
    }
  }

  @Test("ignore the port variable that Kubernetes sets for a service named yolox")
  func serviceLink() throws {
    #expect(try settings(environment: ["YOLOX_PORT": "tcp://10.0.0.7:8080"]).arguments.isEmpty)
  }

  @Test("name the source of an invalid value")
  func origin() throws {
    let settings = try settings(environment: ["YOLOX_PORT": "x"])
    #expect(settings.origin(of: "The value 'x' is invalid for '--port <port>'") == "YOLOX_PORT")
    #expect(settings.origin(of: "The value 'x' is invalid for '--max-batch <max-batch>'") == nil)
  }

  @Test("are printed as a file that gives the same options")
  func printed() throws {
    let arguments = ["--port", "9000", "--model=a=x", "--model", "b=y", "--reuse-port"]
    let environment = ["YOLOX_LOG_FORMAT": "json"]
    let text = ConfigDump(
      options: options, settings: try settings(arguments, environment: environment), arguments: arguments
    ).text
    let printed = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(printed["port"] as? Int == 9000 && printed["model"] as? [String] == ["a=x", "b=y"])
    #expect(printed["reuse-port"] as? Bool == true && printed["log-format"] as? String == "json")
    #expect(printed["max-connections"] as? Int == 1024 && printed["open-metrics"] as? Bool == false)
    let again = try settings(file: text)
    #expect(
      ConfigDump(options: options, settings: again, arguments: []).text == text)
  }
}
