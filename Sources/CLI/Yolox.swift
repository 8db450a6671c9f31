import ArgumentParser

@main
struct Yolox: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "yolox",
    abstract: "Finds objects in pictures with YOLOX, on the CPU.",
    discussion: """
      yolox serve                         an HTTP service: POST a picture to /detect
      yolox detect photo.jpg              the same from the command line
      yolox detect 'cam/*.jpg' --output marked --classes person,dog
      yolox weights fetch yolox-s         bring a larger network

      Shell completions: yolox --generate-completion-script bash|zsh|fish
      """,
    version: version,
    subcommands: [Serve.self, Detect.self, Eval.self, Bench.self, Weights.self])

  static let version = "0.1.0"
}
