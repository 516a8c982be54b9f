/** What the bundler gives for files that are no code. */
/// <reference types="vite/client" />
