import ArgumentParser
import CAllocator
import HTTPServer
import Logging
import Service

package struct ServeCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    abstract: "Runs the HTTP service.",
    discussion: """
      POST a JPEG or PNG to /detect:

        curl --data-binary @dog.jpg http://localhost:8080/detect

      Every option can also be set in the environment (--max-batch as YOLOX_MAX_BATCH) or in the file of --config
      ({"max-batch": 4}). The command line beats the environment, which beats the file.

      SIGTERM stops the service once every request that it has accepted is answered; SIGHUP loads the models again.
      TLS is a proxy's job.
      """)

  @OptionGroup(title: "Models") var model: ModelOptions
  @OptionGroup(title: "Models") var models: ServedModelOptions
  @OptionGroup(title: "Listening") var listening: ListeningOptions
  @OptionGroup(title: "Requests") var requests: RequestOptions
  @OptionGroup(title: "Access") var access: AccessOptions
  @OptionGroup(title: "Operation") var operation: OperationOptions

  @Option(help: "A JSON file with options as its members.")
  var config: String?

  @Flag(help: "Print the options as they would be used, as such a file, and end.")
  var printConfig = false

  package init() {}

  package func run() async throws {
    allocator_configure_for_server()
    operation.startLogging()
    var configuration = DetectionService.Configuration()
    configuration.threads = model.threadCount
    configuration.version = Yolox.version
    try listening.apply(to: &configuration)
    requests.apply(to: &configuration)
    try access.apply(to: &configuration)
    operation.apply(to: &configuration)
    let service = DetectionService(
      try models.sources(model), configuration: configuration, logger: Logger(label: "yolox"))
    try await service.runUntilSignalled()
  }
}
