import ArgumentParser
import Imaging
import Logging
import YOLOX

extension InputSize: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension Preprocessing: ExpressibleByArgument {}

extension ScaledDecode: ExpressibleByArgument {
  static let help = ArgumentHelp(
    "Decode JPEGs at 1/2, 1/4 or 1/8 scale where the input needs no more pixels.")
}

extension Variant: ExpressibleByArgument {}

extension Logger.Level: @retroactive ExpressibleByArgument {}
