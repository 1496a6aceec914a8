export const HELP = `Usage: durable-local start [options]
       durable-local keys list|create|roll|delete   (see durable-local keys --help)

Runs a Durable Functions app on this machine, with its state on disk.

Options:
  --app DIR     folder of the app (default: this one)
  --port N      port to listen on, 0 for a free one (default: that of local.settings.json, else 7071)
  --data DIR    folder for the state (default: .durable in the app's folder)
  --host ADDR   address to listen on (default: this machine only)
  --allow-host NAME
                answer requests addressed to this name too (a tunnel, a container); may be repeated
  --auth        ask for keys as Azure does (default: only when --host lets other machines in)
  --no-auth     never ask for keys
  --strict      no shortcuts: pass everything through text, as Azure does
  --verbose     print debug lines
  --help        print this
`;

export const KEYS_HELP = `Usage: durable-local keys list [--show]
       durable-local keys create KEY
       durable-local keys roll KEY      a new value; the old one opens nothing from then on
       durable-local keys delete KEY

The keys that requests need while the host asks for them (durable-local start --auth). A running host takes up
changes at once. create and roll print the new value, alone, on standard output.

KEY is one of:
  host [NAME]                    opens every function of level "function" (default NAME: default)
  function [NAME] --function F   opens function F, if its level is "function" (default NAME: default)
  system NAME                    opens the webhooks of an extension, such as durabletask_extension
  master                         opens everything; can only be rolled

Options:
  --app DIR     folder of the app (default: this one)
  --data DIR    folder for the state (default: .durable in the app's folder)
  --show        list the values too
  --help        print this
`;
