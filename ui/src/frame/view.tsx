/** The open view; its code comes when it is opened first. */
import type { ComponentType } from 'preact';
import { Component } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ViewName } from '../data/url-state.ts';
import { Awaited } from '../parts/notes.tsx';
import { Fleet } from '../views/fleet.tsx';
import { catalogue } from './catalogue.ts';

const loaded = new Map<ViewName, ComponentType>([['fleet', Fleet]]);

export function View({ name }: { readonly name: ViewName }) {
  const [, again] = useState(0);
  const [failed, setFailed] = useState(false);
  const Content = loaded.get(name);
  useEffect(() => {
    if (loaded.has(name)) return;
    catalogue.find((entry) => entry.name === name)?.load?.().then(
      (module) => {
        loaded.set(name, module.default);
        again((count) => count + 1);
      },
      () => setFailed(true),
    );
  }, [name]);
  // After an update of the router the old page asks for parts that are not there any more.
  if (failed) return <div class="error-note" role="alert"><p><strong>This view could not be loaded.</strong> The router may have been updated.</p><button type="button" onClick={() => location.reload()}>Load the page again</button></div>;
  return Content === undefined ? <Awaited what="the view" /> : <Guard><Content /></Guard>;
}

/** A view that fails leaves the frame standing. */
class Guard extends Component<object, { readonly failure: string | null }> {
  constructor() {
    super();
    this.state = { failure: null };
  }

  static override getDerivedStateFromError(error: unknown): { readonly failure: string } {
    return { failure: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (this.state.failure === null) return this.props.children;
    return <div class="error-note" role="alert"><p><strong>This view cannot show what the router told.</strong> {this.state.failure}</p><button type="button" onClick={() => this.setState({ failure: null })}>Show it again</button></div>;
  }
}
