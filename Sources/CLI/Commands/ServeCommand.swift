import ArgumentParser
import CAllocator
import FoundationCompatibility
import HTTPServer
import Logging
import Service

package struct ServeCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the HTTP service.",
    discussion: """
      POST an image to /detect:

        curl --data-binary @dog.jpg http://localhost:8080/detect

      Options come from the command line, the environment (--max-batch-size is YOLOX_MAX_BATCH_SIZE) or the file named \
      by --config ({"max-batch-size": 4}). The command line overrides the environment, which overrides the file. \
      Its member "profiles" has named sets of parameters for /detect?profile=NAME.

      SIGTERM finishes all accepted requests and stops; SIGHUP reloads API keys, profiles and models. Use a reverse proxy for TLS.
      """)

  @OptionGroup(title: "Models") var model: ModelOptions
  @OptionGroup(title: "Models") var models: ServedModelOptions
  @OptionGroup(title: "Listening") var listening: ListenOptions
  @OptionGroup(title: "Requests") var requests: RequestOptions
  @OptionGroup(title: "Access") var access: AccessOptions
  @OptionGroup(title: "Keeping images") var keeping: KeepOptions
  @OptionGroup(title: "Operation") var logging: LogOptions
  @OptionGroup(title: "Operation") var shutdown: ShutdownOptions

  @Option(help: "JSON file whose members are options.", completion: .file())
  var config: String?

  @Flag(help: "Print the effective options as a config file and exit.")
  var printConfig = false

  package init() {}

  package func run() async throws {
    allocator_configure_for_server()
    DescriptorLimit.raise()
    logging.bootstrap()
    defer { LogWriter.standardError.flush() }
    var configuration = DetectionService.Configuration()
    configuration.threads = model.threadCount
    configuration.version = Version.current
    configuration.droppedLogLines = { LogWriter.standardError.droppedCount }
    configuration.serviceManager = ServiceManager(environment: ProcessInfo.processInfo.environment)
    try listening.apply(to: &configuration)
    if !configuration.server.inheritedDescriptors.isEmpty, let text = listening.textOfIgnoredAddress {
      Logger(label: "yolox").warning("\(text)")
    }
    requests.apply(to: &configuration)
    try access.apply(to: &configuration)
    shutdown.apply(to: &configuration)
    configuration.keeper = try keeping.keeper(logger: Logger(label: "yolox"))
    if let config { configuration.profiles = try Profiles(contentsOfFile: config) }
    let service = DetectionService(
      try models.sources(model), configuration: configuration, logger: Logger(label: "yolox"))
    try await service.runUntilSignalled()
  }
}
