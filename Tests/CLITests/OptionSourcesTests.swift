import CLI
import Foundation
import Testing
import YOLOX

@Suite("OptionSources")
struct OptionSourcesTests {
  private let options = OptionDescription.all(of: ServeCommand.self)

  /// Sources with `json` as the file that the arguments or the environment name.
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

  @Test("every option of serve has an environment variable named after it")
  func names() throws {
    let variables = Set(options.map(\.variable))
    #expect(
      variables.isSuperset(of: [
        "YOLOX_PORT", "YOLOX_WEIGHTS", "YOLOX_MAX_BATCH_SIZE", "YOLOX_LOG_FORMAT", "YOLOX_API_KEY_FILE",
        "YOLOX_MODEL",
        "YOLOX_REUSE_PORT", "YOLOX_CONFIG", "YOLOX_THREADS", "YOLOX_UNIX_SOCKET", "YOLOX_SHUTDOWN_DELAY",
      ]))
    #expect(variables.isDisjoint(with: ["YOLOX_HELP", "YOLOX_VERSION", "YOLOX_PRINT_CONFIG"]))
  }

  @Test("the command line overrides the environment, which overrides the file")
  func layers() throws {
    let settings = try settings(
      ["--port", "1"], environment: ["YOLOX_PORT": "2", "YOLOX_MAX_BATCH_SIZE": "2"],
      file: #"{"port": 3, "max-batch-size": 3, "max-in-flight": 3}"#)
    #expect(settings.arguments.sorted() == ["--max-batch-size=2", "--max-in-flight=3"])
  }

  @Test("the environment can name the file")
  func fileFromEnvironment() throws {
    #expect(try settings(file: #"{"host": "::"}"#, named: false).arguments.contains("--host=::"))
  }

  @Test("a flag is a boolean, a repeatable option an array, others a string or a number")
  func kinds() throws {
    let fromFile = try settings(
      file: #"{"reuse-port": true, "public-metrics": false, "model": ["a=x", "b=y"], "shutdown-delay": 1.5}"#)
    #expect(
      fromFile.arguments.sorted() == ["--model=a=x", "--model=b=y", "--reuse-port", "--shutdown-delay=1.5"])
    let fromEnvironment = try settings(environment: [
      "YOLOX_REUSE_PORT": "1", "YOLOX_PUBLIC_METRICS": "false",
      "YOLOX_ALLOW_ORIGIN": "https://a.example,https://b.example",
    ])
    #expect(
      fromEnvironment.arguments.sorted() == [
        "--allow-origin=https://a.example", "--allow-origin=https://b.example", "--reuse-port",
      ])
  }

  @Test(
    "an invalid config file is an error that names the fault",
    arguments: [(#"{"prt": 1}"#, "'prt'"), (#"{"port": null}"#, "'port'"), ("[1]", "JSON"), ("{", "JSON")])
  func badFile(json: String, named: String) {
    let error = #expect(throws: SettingsError.self) { try settings(file: json) }
    #expect(error?.description.contains(named) == true)
  }

  @Test("a missing config file is an error")
  func missingFile() {
    #expect(throws: SettingsError.unreadable(file: "/nowhere.json")) {
      try OptionSources(options: options, arguments: ["--config=/nowhere.json"], environment: [:])
    }
    #expect(throws: SettingsError.missingValue(option: "config")) {
      try OptionSources(options: options, arguments: ["--config"], environment: [:])
    }
  }

  @Test("the YOLOX_PORT that Kubernetes sets for a Service is ignored")
  func serviceLink() throws {
    #expect(try settings(environment: ["YOLOX_PORT": "tcp://10.0.0.7:8080"]).arguments.isEmpty)
  }

  @Test("an error message is traced to the source of the value")
  func origin() throws {
    let settings = try settings(environment: ["YOLOX_PORT": "x"])
    #expect(settings.origin(of: "The value 'x' is invalid for '--port <port>'") == "YOLOX_PORT")
    #expect(settings.origin(of: "The value 'x' is invalid for '--max-batch-size <max-batch-size>'") == nil)
  }

  @Test("a model of the file can be an object with its settings, and is printed as one")
  func modelObjects() throws {
    let file =
      #"{"model": [{"name": "door", "weights": "a.onnx", "size": 640, "labels": ["o;=", "c"]}, "b=y"]}"#
    let read = try settings(file: file)
    let argument = try #require(read.arguments.first { $0.contains("door") })
    let model = try #require(NamedWeights(argument: String(argument.dropFirst("--model=".count))))
    #expect(model.name == "door" && model.weights == "a.onnx")
    let given = try model.settings()
    #expect(given.labels == ["o;=", "c"] && given.size == InputSize(height: 640, width: 640))
    let text = ConfigDump(options: options, sources: read, arguments: []).text
    #expect(try settings(file: text).arguments == settings(file: text).arguments)
    #expect(try settings(file: text).arguments.contains(argument))
    for wrong in [#"{"name": "a"}"#, #"{"name": "a b", "weights": "x"}"#, "{", #"{"weights": "x"}"#] {
      #expect(NamedWeights(argument: wrong) == nil, "\(wrong)")
    }
    let unknown = try #require(NamedWeights(argument: #"{"name": "a", "weights": "x", "colour": "red"}"#))
    #expect(throws: CLIError.self) { try unknown.settings() }
  }

  @Test("the printed config file gives the same options when it is read")
  func printed() throws {
    let arguments = ["--port", "9000", "--model=a=x", "--model", "b=y", "--reuse-port"]
    let environment = ["YOLOX_LOG_FORMAT": "json"]
    let text = ConfigDump(
      options: options, sources: try settings(arguments, environment: environment), arguments: arguments
    ).text
    let printed = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(printed["port"] as? Int == 9000 && printed["model"] as? [String] == ["a=x", "b=y"])
    #expect(printed["reuse-port"] as? Bool == true && printed["log-format"] as? String == "json")
    #expect(printed["max-connections"] as? Int == 1024 && printed["public-metrics"] as? Bool == false)
    let again = try settings(file: text)
    #expect(
      ConfigDump(options: options, sources: again, arguments: []).text == text)
  }
}

@Suite("UnknownVariables")
struct UnknownVariablesTests {
  private func warnings(_ environment: [String: String]) -> [String] {
    UnknownVariables(options: OptionDescription.all(of: ServeCommand.self), environment: environment).warnings
  }

  @Test("variables that set nothing are named, with the option that may be meant")
  func unknown() {
    #expect(warnings(["YOLOX_PROT": "80"]) == ["YOLOX_PROT has no effect; did you mean YOLOX_PORT?"])
    #expect(warnings(["YOLOX_SOMETHING_ELSE": "1"]).first?.contains("yolox serve --help") == true)
  }

  @Test("options, the variables without an option and Kubernetes' variables of a Service are no fault")
  func known() {
    let environment = [
      "YOLOX_PORT": "80", "YOLOX_WEIGHTS_DIR": "/w", "YOLOX_ISA": "avx2", "HOME": "/",
      "YOLOX_SERVICE_HOST": "10.0.0.1", "YOLOX_SERVICE_PORT_HTTP": "80",
      "YOLOX_PORT_80_TCP": "tcp://10.0.0.1:80",
      "YOLOX_PORT_80_TCP_ADDR": "10.0.0.1", "YOLOX_ADMIN_PORT": "tcp://10.0.0.2:80",
    ]
    #expect(warnings(environment).isEmpty)
  }
}

@Suite("TerminalStyle")
struct TerminalStyleTests {
  @Test("colours are for terminals, unless NO_COLOR or TERM=dumb says otherwise")
  func color() {
    let text = { TerminalStyle(isTerminal: $0, environment: $1)(.bold, "dog") }
    #expect(text(true, ["TERM": "xterm"]) == "\u{1B}[1mdog\u{1B}[0m")
    #expect(text(true, ["NO_COLOR": ""]) != "dog", "an empty NO_COLOR counts as absent")
    #expect(text(false, [:]) == "dog" && text(true, ["NO_COLOR": "1"]) == "dog")
    #expect(text(true, ["TERM": "dumb"]) == "dog")
  }
}
