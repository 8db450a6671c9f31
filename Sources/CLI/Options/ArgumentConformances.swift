import ArgumentParser
import Engine
import Imaging
import Logging
import YOLOX

extension InputSize: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension Activation: ExpressibleByArgument {
  package init?(argument: String) { self.init(name: argument) }

  package static var allValueStrings: [String] { named.map(\.name) }
}

extension Preprocessing: ExpressibleByArgument {}

extension ScaledDecode: ExpressibleByArgument {
  static let help = ArgumentHelp(
    "Decode JPEG and WebP at 1/2, 1/4 or 1/8 scale if the input needs no more.")
}

extension InputShape: ExpressibleByArgument {
  static let help = ArgumentHelp(
    "Network input: square, or fit to each image in multiples of 32 pixels.",
    discussion: "fit is faster for images that are not square; scores change slightly.")
}

extension Variant: ExpressibleByArgument {}

extension Logger.Level: @retroactive ExpressibleByArgument {}
